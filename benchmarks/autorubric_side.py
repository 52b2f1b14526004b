"""autorubric's own parallel runner on our server of fixed latency, in an interpreter that has autorubric installed.

    PYTHON_WITH_AUTORUBRIC benchmarks/autorubric_side.py --url http://127.0.0.1:PORT --tasks 20 --workers 5

One item with a rubric of one criterion is one request; ``autorubric.evaluate`` grades the items, at most ``workers`` at
once (``max_concurrent_items``), through litellm's ollama provider, and writes its checkpoint after each. One item
before the clock starts warms imports and connections up. Prints one JSON object: seconds, graded, failed, error.
"""

import argparse
import asyncio
import importlib
import json
import tempfile
import time
from typing import Any


async def measure(url: str, tasks: int, workers: int) -> dict[str, Any]:
    """Seconds of one run, and what came out."""
    autorubric = importlib.import_module("autorubric")
    graders = importlib.import_module("autorubric.graders")
    rubric = autorubric.Rubric.from_dict([{"name": "clear", "weight": 1.0, "requirement": "It is clear."}])
    config = autorubric.LLMConfig(model="ollama/fixed", api_base=url, temperature=0.0, max_retries=1)
    grader = graders.CriterionGrader(judge_model_config=config)

    async def run(count: int, name: str) -> tuple[float, Any]:
        items = [
            autorubric.DataItem(submission=f"Submission {name} {n}.", description=f"{n}")
            for n in range(count)
        ]
        dataset = autorubric.RubricDataset(
            prompt="Introduce yourself.", rubric=rubric, items=items, name=name
        )
        began = time.perf_counter()
        result = await autorubric.evaluate(
            dataset,
            grader,
            show_progress=False,
            max_concurrent_items=workers,
            experiment_name=name,
            experiments_dir=folder,
            resume=False,
        )
        return time.perf_counter() - began, result

    with tempfile.TemporaryDirectory() as folder:
        await run(1, "warm")
        seconds, result = await run(tasks, "measured")
    errors = [item.error for item in result.item_results if item.error]
    return {
        "seconds": seconds,
        "graded": result.successful_items,
        "failed": result.failed_items,
        "error": errors[0][:300] if errors else None,
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--workers", type=int, default=5)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(measure(given.url, given.tasks, given.workers))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
