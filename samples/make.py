"""Makes the sample videos of this folder from ``texts/`` and ``manifest.json``: speech and a plain moving
card.

Needs Debian's ``flite`` and the ``imageio-ffmpeg`` package. Run ``python samples/make.py``; the media are
committed,
so nobody needs to. Flite, because Whisper base mishears it less than espeak-ng (README.md has the numbers).
"""

import json
import subprocess
import tempfile
import wave
from pathlib import Path

import imageio_ffmpeg

HERE = Path(__file__).parent
CARDS = ("0x2a6f97", "0x468f5a", "0x8f5a46", "0x6a4c93", "0x9a7d0a", "0x555b6e")
H264_AAC = (
    "-c:v",
    "libx264",
    "-preset",
    "slow",
    "-crf",
    "34",
    "-pix_fmt",
    "yuv420p",
    "-c:a",
    "aac",
    "-b:a",
    "40k",
)
VP9_OPUS = ("-c:v", "libvpx-vp9", "-crf", "45", "-b:v", "0", "-c:a", "libopus", "-b:a", "24k")
H264_OPUS = (*H264_AAC[:8], "-c:a", "libopus", "-b:a", "24k")
CODECS = {".mp4": H264_AAC, ".mov": H264_AAC, ".webm": VP9_OPUS, ".mkv": H264_OPUS}


def speak(text: str, voice: str, target: Path) -> None:
    """Synthesise ``text`` with flite into a 16 kHz WAV, at 0.95 of its usual speed."""
    command = ["flite", "-voice", voice, "--setf", "duration_stretch=1.05", "-t", " ".join(text.split())]
    subprocess.run([*command, "-o", str(target)], check=True)


def seconds(sound: Path) -> float:
    """Length of a WAV; ffmpeg's own ``-shortest`` left pictures of 12 s after the sound."""
    with wave.open(str(sound), "rb") as reader:
        return reader.getnframes() / reader.getframerate()


def film(sound: Path, colour: str, target: Path) -> None:
    """Put the sound under a card of ``colour`` on which a bar moves: 320 x 240, 5 frames a second."""
    card = f"color=c={colour}:s=320x240:r=5"
    bar = "color=c=white:s=24x120:r=5"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y"]
    command += ["-f", "lavfi", "-i", card, "-f", "lavfi", "-i", bar, "-i", str(sound)]
    command += [
        "-filter_complex",
        "[0:v][1:v]overlay=x='mod(t*20,296)':y=60[v]",
        "-map",
        "[v]",
        "-map",
        "2:a",
    ]
    command += [
        *CODECS[target.suffix],
        "-ac",
        "1",
        "-ar",
        "48000",
        "-t",
        f"{seconds(sound):.2f}",
        "-map_metadata",
        "-1",
    ]
    subprocess.run([*command, "-fflags", "+bitexact", str(target)], check=True)


def main() -> None:
    """Make every sample that the manifest names."""
    entries = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        for colour, entry in zip(CARDS, entries, strict=True):
            sound = Path(folder) / "speech.wav"
            speak((HERE / "texts" / entry["text"]).read_text(encoding="utf-8"), entry["voice"], sound)
            film(sound, colour, HERE / entry["file"])


if __name__ == "__main__":
    main()
