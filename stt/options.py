"""How Whisper decodes: every option in one place, and why it is not faster-whisper's own default.

The benchmark ``benchmarks/wer.py`` compares these with the defaults on the same audio.
"""

from dataclasses import asdict, dataclass
from typing import Any

BATCH_SIZE = 16
"""Windows of 30 s that a GPU decodes at once; only used on ``cuda``."""


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """``language``: ISO 639-1, or ``None`` to detect it anew in each file. Names are faster-whisper's.

    * ``language`` is given: a course has one, and from their first 30 s ``base`` takes the English of 2 of the 30
      speakers of lab30 (0739, 0960; native Mandarin) for Chinese.
    * ``vad_filter``: Silero's voice detector cuts silence out first, for Whisper invents words in it.
    * ``condition_on_previous_text`` on: off, it costs words (WER 7.25 % instead of 6.76 % on 40 s of each of 6 files
      of lab30). A phrase that repeats itself trips ``compression_ratio_threshold``; the window is then decoded at a
      higher temperature, and above 0.5 the text before is dropped (faster-whisper's ``prompt_reset_on_temperature``).
      A loop that survives that is cut by ``stt.loops``.
    * ``beam_size`` 5: with 1 the same 6 files had 8.45 % (against 7.25 %), and were no faster on a busy machine.
    * ``hallucination_silence_threshold``: text in silences longer than this many seconds is left out.
    * ``word_timestamps``: evidence quotes are found by word.
    """

    language: str | None = "en"
    beam_size: int = 5
    vad_filter: bool = True
    condition_on_previous_text: bool = True
    compression_ratio_threshold: float = 2.4
    log_prob_threshold: float = -1.0
    no_speech_threshold: float = 0.6
    hallucination_silence_threshold: float | None = 2.0
    word_timestamps: bool = True

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of faster-whisper's ``transcribe``."""
        return asdict(self)
