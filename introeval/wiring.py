"""The larger parts of the daemon, each made from what ``service`` has built so far. Nothing starts or ends here."""

from collections.abc import Mapping

from db.assignments import Assignments
from db.database import Database
from db.intake import Intake
from db.keeping import Keeping
from db.pages import PageTexts
from db.ratings import Ratings
from db.requests import Requests
from db.session_results import SessionResults
from db.sessions import Sessions
from db.uploads import Uploads
from db.views import Views
from introeval import assembly
from introeval.assignments import Kind
from introeval.exams.request import SESSION
from introeval.fairness import Fairness
from introeval.graders.authoring import KeyWriter, RubricWriter
from introeval.graders.base import Grader
from introeval.graders.introductions import IntroductionGrader
from introeval.graders.notebooks import NotebookGrader
from introeval.graders.pages import PagesGrader
from introeval.graders.reading import SubmissionReader
from introeval.graders.session_pages import SessionPages
from introeval.graders.sessions import SessionGrader
from introeval.inspecting import inspectors, picture
from introeval.keeping.purge import Policy
from introeval.keeping.schedule import Keeper
from introeval.library import AssignmentLibrary
from introeval.pages.documents import bundle
from introeval.pages.ocr import PageReader
from introeval.pages.prompt import Budget
from introeval.pages.transcription import Transcriber
from introeval.preview import Previewer
from introeval.settings import Settings
from introeval.status import StatusBoard, worst_wait
from introeval.web.authoring import ANSWER_KEY, RUBRIC, TRANSCRIPTION
from introeval.web.context import Inspect, WebContext
from introeval.web.keeping_context import KeepingPorts
from introeval.web.session_context import SessionPorts
from models.config import ServerConfig
from models.embedded.supervisor import EmbeddedServers
from models.pool import ModelPool
from models.sight import Sight
from scheduler.ports import Clock
from scheduler.queues import ReaderWriterQueueManager
from stt.transcript import read_transcript


def page_transcriber(database: Database, sight: Sight, clock: Clock, context: int = 8192) -> Transcriber:
    """Who reads pages: a vision model, else OCR in a child process. ``context``: tokens of the models' window."""
    return Transcriber(
        PageTexts(database), PageReader(), sight, clock, database.root / "pages", context=context
    )


def graders(
    database: Database, sight: Sight, clock: Clock, pages: Transcriber, budget: Budget | None = None
) -> dict[str, Grader]:
    """By the task's kind. ``budget``: tokens of the models' window and of a reply."""
    images = SessionPages(Sessions(database), pages.reader)
    both = fairness(database).both
    return {
        Kind.INTRO_VIDEO: IntroductionGrader(both),
        Kind.NOTEBOOK: NotebookGrader(),
        Kind.PAGES: PagesGrader(pages, both, budget),
        SESSION: SessionGrader(images, SessionResults(database), sight.sees, clock),
        TRANSCRIPTION: SubmissionReader(pages, PageTexts(database)),
        ANSWER_KEY: KeyWriter(pages),
        RUBRIC: RubricWriter(pages),
    }


def fairness(database: Database) -> Fairness:
    """What the round robin's luck is worth."""
    return Fairness(Assignments(database), Ratings(database))


def board(
    settings: Settings, views: Views, manager: ReaderWriterQueueManager, pool: ModelPool, clock: Clock
) -> StatusBoard:
    """The one snapshot's maker."""
    limits = assembly.phase_limits(settings)
    bound = worst_wait(limits, settings.llm_timeout_seconds, settings.phases.handover_seconds)
    return StatusBoard(views, manager, pool, clock, stt_model=settings.speech_model, worst_wait=bound)


def servers(settings: Settings, embedded: EmbeddedServers) -> tuple[ServerConfig, ...]:
    """The language-model servers: the lab's, or our own."""
    if settings.models == "ollama":
        return assembly.ollama_configs(settings)
    return tuple(assembly.embedded_config(settings, name, url) for name, url in embedded.urls.items())


def policy(settings: Settings) -> Policy:
    """How long things are kept."""
    kept = settings.retention
    seconds = None if kept.raw_replies == "keep" else kept.reply_hours * 3600.0
    return Policy(days=kept.days, reply_seconds=seconds)


def keeper(settings: Settings, database: Database, clock: Clock) -> Keeper:
    """Who forgets what is due."""
    return Keeper(database, settings.backup_dir, policy(settings), clock)


def web_context(
    settings: Settings,
    database: Database,
    manager: ReaderWriterQueueManager,
    board: StatusBoard,
    clock: Clock,
    library: AssignmentLibrary,
    preview: Previewer,
    keeper: Keeper,
    inspect: Mapping[str, Inspect] | None = None,
) -> WebContext:
    """The web's ports. ``inspect``: not given: who looks into each kind of file for real."""
    return WebContext(
        intake=Intake(database, settings.retention.days),
        keeping=KeepingPorts(
            dates=Keeping(database),
            days=settings.retention.days,
            wake=keeper.wake,
            expire_by=keeper.expire_by,
        ),
        uploads=Uploads(database),
        views=Views(database),
        library=library,
        tallies=Assignments(database),
        requests=Requests(database),
        fairness=fairness(database),
        unread=PageTexts(database).unread,
        cancel=manager.cancel,
        state_dir=settings.state_dir,
        wake=manager.wake,
        status=board.snapshot,
        inspect=inspectors(assembly.media(settings)) if inspect is None else inspect,
        bundle=bundle,
        preview=preview,
        read_segments=lambda path: read_transcript(path).segments,
        clock=clock,
        sessions=SessionPorts(sessions=Sessions(database), results=SessionResults(database), picture=picture),
        limits=assembly.uploads(settings),
        batch_size=settings.batch.size,
    )
