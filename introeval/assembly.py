"""From settings to parts: the speech side's configuration, the model servers, the scheduler's limits.

Plain functions that read settings and the installed weights; nothing is started here (``service`` does that).
"""

from pathlib import Path

from introeval.grading import Rubric, load_rubric
from introeval.settings import Settings
from introeval.web.context import UploadLimits
from introeval.web.places import PlaceLimits
from models.config import ServerConfig
from models.embedded.supervisor import ServerSpec
from models.limits import RateLimits
from models.weights import locate
from models.worker import MAX_ASKS
from scheduler.batches import BatchLimits
from scheduler.errors import ConfigurationError
from scheduler.leases import LeaseLimits
from scheduler.policy import PhaseLimits
from scheduler.queues import QueueSettings
from stt.config import SpeechConfig
from stt.limits import MediaLimits
from stt.options import DecodeOptions
from stt.process import WatchLimits

ERROR_PAUSE_SECONDS = 5.0
BEAT_SECONDS = 10.0
CANCEL_SECONDS = 30.0
"""A Whisper child that is killed has 10 s to be gone; a request to a model server ends at once."""

LEAST_LEASE_SECONDS = 3600.0


def speech(settings: Settings) -> SpeechConfig:
    """The speech side. Raises ``ConfigurationError`` when the model is not installed."""
    return SpeechConfig(
        model_name=settings.speech_model,
        model_dir=_speech_model(settings),
        work_dir=settings.state.audio,
        transcript_dir=settings.state.transcripts,
        residency=settings.residency,
        device=settings.stt.device,
        threads=max(1, settings.stt_threads // settings.stt.slots),
        slots=settings.stt.slots,
        media=media(settings),
        watch=speech_watch(settings),
        options=DecodeOptions(language=None if settings.stt.language == "auto" else settings.stt.language),
    )


def speech_watch(settings: Settings) -> WatchLimits:
    """How long a Whisper child may take, and be silent."""
    return WatchLimits(load=settings.phases.handover_seconds, silence=settings.stt.silent_seconds)


def media(settings: Settings) -> MediaLimits:
    """What a recording may be."""
    return MediaLimits(max_seconds=settings.upload.max_seconds)


def uploads(settings: Settings) -> UploadLimits:
    """What an upload may be."""
    return UploadLimits(
        max_bytes=settings.upload.max_bytes,
        max_seconds=settings.upload.max_seconds,
        max_queue=settings.upload.max_queue,
        expire_seconds=settings.upload.expire_seconds,
        public_url=None if settings.upload.public_url is None else str(settings.upload.public_url),
        reserve_bytes=settings.upload.reserve_bytes,
        idle_seconds=settings.upload.idle_seconds,
        upload_seconds=settings.upload.longest_seconds,
        least_rate=settings.upload.least_rate,
        places=places(settings),
    )


def places(settings: Settings) -> PlaceLimits:
    """How many uploads are read at once."""
    upload = settings.upload
    return PlaceLimits(
        places=upload.max_at_once,
        per_client=upload.max_at_once_per_client,
        per_student=upload.max_at_once_per_student,
        line=upload.max_waiting,
        # A quarter of the line is for those who do not share the crowd's address.
        line_per_client=max(1, upload.max_waiting * 3 // 4),
        line_seconds=upload.wait_seconds,
    )


def embedded_servers(settings: Settings) -> tuple[ServerSpec, ...]:
    """The child processes of ``models = "embedded"``, none otherwise. Raises ``ConfigurationError``."""
    if settings.models != "embedded":
        return ()
    return tuple(
        ServerSpec(
            name=name,
            model_name=model,
            gguf=_weights(model, settings) / "model.gguf",
            threads=settings.llm_threads,
            slots=settings.llm_slots,
            num_ctx=settings.generation.num_ctx,
        )
        for name, model in _embedded_models(settings).items()
    )


def embedded_config(settings: Settings, name: str, url: str) -> ServerConfig:
    """How to talk to one of the embedded servers."""
    return _server(settings, name, url, _embedded_models(settings)[name])


def ollama_configs(settings: Settings) -> tuple[ServerConfig, ...]:
    """How to talk to the lab's Ollama servers."""
    servers = settings.ollama.servers
    return tuple(_server(settings, server.name, server.base_url, server.model) for server in servers)


def rates(settings: Settings) -> RateLimits:
    """How fast the language models may be asked."""
    generation = settings.generation
    return RateLimits(
        requests_per_second=generation.requests_per_second,
        request_burst=generation.request_burst,
        tokens_per_second=generation.tokens_per_second,
        token_burst=generation.token_burst,
    )


def batch_limits(settings: Settings) -> BatchLimits:
    """When a batch closes."""
    return BatchLimits(size=settings.batch.size, age_seconds=settings.batch.age_seconds)


def phase_limits(settings: Settings) -> PhaseLimits:
    """When a phase yields."""
    phases = settings.phases
    return PhaseLimits(
        stt_seconds=phases.stt_seconds, llm_seconds=phases.llm_seconds, retry_seconds=phases.retry_seconds
    )


def queue_settings(settings: Settings, watchdog_seconds: float | None) -> QueueSettings:
    """Retries, pauses, leases, and the loop's beat: three beats in each of the watchdog's periods."""
    beat = min(BEAT_SECONDS, (watchdog_seconds or 3 * BEAT_SECONDS) / 3)
    return QueueSettings(
        max_retries=settings.max_retries,
        error_pause=ERROR_PAUSE_SECONDS,
        beat=beat,
        handover=4 * settings.phases.handover_seconds * _servers(settings),
        leases=leases(settings),
    )


def leases(settings: Settings) -> LeaseLimits:
    """How long work may go without progress: twice what the limits below it add up to, so that they speak first.

    STT: a new child loads the model, the audio is extracted, then the child may stall as long as its watch lets it. A
    language model reports every part of a reply, so its silence is that of the worker's asks, at each server in turn;
    before them the request may wait for a slot behind a session's many, hence an hour at least.
    """
    watch, media_limits = speech_watch(settings), media(settings)
    stall = watch.stall + watch.stall_factor * media_limits.max_seconds
    asks = MAX_ASKS * _servers(settings)
    return LeaseLimits(
        stt=2 * (watch.load + media_limits.extract_timeout + stall),
        llm=max(LEAST_LEASE_SECONDS, 2 * asks * settings.llm_timeout_seconds),
        cancel=CANCEL_SECONDS,
    )


def rubric(settings: Settings) -> Rubric | None:
    """The rubric file of the settings, if they name one. Raises ``ConfigurationError``."""
    path = settings.grading.rubric
    if path is None:
        return None
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The rubric {path} cannot be read ({error}): correct grading.rubric."
        ) from error
    return load_rubric(text, "json" if path.suffix == ".json" else "toml")


def _embedded_models(settings: Settings) -> dict[str, str]:
    """The model of each embedded server, by the server's name."""
    embedded = settings.embedded
    return {f"embedded-{index + 1}": embedded.model_of(index) for index in range(embedded.servers)}


def _servers(settings: Settings) -> int:
    return len(settings.ollama.servers) if settings.models == "ollama" else settings.embedded.servers


def _server(settings: Settings, name: str, url: str, model: str) -> ServerConfig:
    generation, timeout = settings.generation, settings.llm_timeout_seconds
    first, idle = (timeout, 120.0) if settings.models == "embedded" else (90.0, 30.0)
    return ServerConfig(
        name=name,
        url=url,
        model=model,
        max_concurrent=settings.llm_slots,
        timeout_seconds=timeout,
        connect_seconds=generation.connect_seconds,
        first_token_seconds=min(timeout, generation.first_token_seconds or first),
        between_tokens_seconds=min(timeout, generation.idle_seconds or idle),
        load_seconds=settings.phases.handover_seconds,
        unload_seconds=settings.phases.handover_seconds,
        num_ctx=generation.num_ctx,
        num_predict=generation.num_predict,
        seed=generation.seed,
        temperature=generation.temperature,
        max_reply_bytes=generation.max_reply_bytes,
    )


def _speech_model(settings: Settings) -> Path:
    return settings.speech_folder or _weights(settings.speech_model, settings)


def _weights(name: str, settings: Settings) -> Path:
    folder = locate(name, settings.cache_dir)
    if folder is None:
        raise ConfigurationError(f"The model {name} is not installed: run `introeval models pull {name}`.")
    return folder
