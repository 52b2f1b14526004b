"""The sections of the settings: plain values with their limits and defaults.

A field's description is its documentation; its default's source is named where it is a measurement.
"""

from introeval.sections.base import FullPath, Section
from introeval.sections.intake import UploadSettings, WebSettings
from introeval.sections.keeping import BackupSettings, RetentionSettings
from introeval.sections.language import EmbeddedSettings, GenerationSettings, OllamaSettings, ServerSettings
from introeval.sections.outside import LogSettings, WebhookSettings
from introeval.sections.work import (
    BatchSettings,
    Device,
    GradingSettings,
    PhaseSettings,
    Residency,
    SttSettings,
)

__all__ = [
    "BackupSettings",
    "BatchSettings",
    "Device",
    "EmbeddedSettings",
    "FullPath",
    "GenerationSettings",
    "GradingSettings",
    "LogSettings",
    "OllamaSettings",
    "PhaseSettings",
    "Residency",
    "RetentionSettings",
    "Section",
    "ServerSettings",
    "SttSettings",
    "UploadSettings",
    "WebSettings",
    "WebhookSettings",
]
