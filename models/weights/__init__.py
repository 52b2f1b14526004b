"""Model weights: from a list of sources, through a SHA-256, into the cache. Nothing happens at import.

``locate`` answers at once whether a model is installed; ``pull`` installs it. The cache is
``<cache_dir>/models/<name>/<file>``, with a ``.verified`` marker written last.
"""

from models.weights.cache import locate, model_dir
from models.weights.errors import SourceError, WeightsError
from models.weights.progress import OnProgress, PullProgress, Step
from models.weights.pull import pull

__all__ = [
    "OnProgress",
    "PullProgress",
    "SourceError",
    "Step",
    "WeightsError",
    "locate",
    "model_dir",
    "pull",
]
