"""``python -m stt.probe_child SECONDS < MEDIA``: one JSON object about the media on standard output.

Runs confined (``stt.confine``). Decodes one audio frame as proof that there is sound to be had, nothing more.
Prints ``{"kind": "media", "info": {...}}``, or ``{"kind": "not_media" | "no_audio" | "corrupt"}``.
"""

import json
import sys
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from stt.limits import INPUT_URL, OPEN_OPTIONS

MAX_FAILED_PACKETS = 50
"""Damaged packets to pass over before the sound is called damaged; about one second of AAC."""


def look(url: str, enough_seconds: float) -> dict[str, Any]:
    """Describe the media at ``url``. A length that no header states is measured up to ``enough_seconds``."""
    try:
        with av.open(url, mode="r", options=dict(OPEN_OPTIONS)) as container:
            return _describe(container, enough_seconds)
    except (av.error.FFmpegError, ValueError, MemoryError):
        return {"kind": "not_media"}


def _describe(container: InputContainer, enough_seconds: float) -> dict[str, Any]:
    if not container.streams.audio:
        return {"kind": "no_audio" if container.streams.video else "not_media"}
    audio = container.streams.audio[0]
    if not _decodes(container, audio):
        return {"kind": "corrupt"}
    video = next((stream for stream in container.streams.video if not _is_cover(stream)), None)
    return {
        "kind": "media",
        "info": {
            "seconds": round(_seconds(container, audio, enough_seconds), 3),
            "container": container.format.name,
            "audio_codec": audio.codec_context.name,
            "video_codec": None if video is None else _codec_name(video),
        },
    }


def _codec_name(stream: Any) -> str:
    """libavcodec's name; a picture that nobody can decode is none of our business (PyAV has no context for it)."""
    return "unknown" if stream.codec_context is None else str(stream.codec_context.name)


def _is_cover(stream: Any) -> bool:
    """Whether a "video" stream is the picture of a music file."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _decodes(container: InputContainer, audio: AudioStream) -> bool:
    if getattr(audio, "codec_context", None) is None:
        # Nobody knows this codec; PyAV's own annotations say that this cannot be.
        return False
    failed = 0
    for packet in container.demux(audio):
        try:
            if any(frame.samples for frame in packet.decode()):
                return True
        except av.error.FFmpegError:
            failed += 1
        if failed > MAX_FAILED_PACKETS:
            return False
    return False


def _seconds(container: InputContainer, audio: AudioStream, enough: float) -> float:
    """The stated length; what a browser's recorder left out is found by reading on without decoding."""
    if container.duration:
        return float(container.duration / av.time_base)
    if audio.duration and audio.time_base:
        return float(audio.duration * audio.time_base)
    end = 0.0
    for packet in container.demux(audio):
        if packet.pts is not None and packet.time_base:
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        if end > enough:
            break
    return end


if __name__ == "__main__":
    print(json.dumps(look(INPUT_URL, float(sys.argv[1]))))
