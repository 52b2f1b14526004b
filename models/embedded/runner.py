"""The process that holds the weights: llama.cpp's own server on a free loopback port. ``server`` starts it.

Rules:

* It prints one JSON line, ``{"url": ..., "key": ...}``, when the weights are loaded, and then only works.
* It is never asked to unload: it is killed, for only an exit frees all memory.
* The port answers to the key alone, which nobody but the parent reads.
"""

import argparse
import json
import os
import secrets
import sys
import threading

from models.embedded.lifeline import tie_to_parent

BATCH_TOKENS = 256
"""Prompt tokens between two looks at cancelled requests: about 5 s of one core with the 1.5B."""


def parse_arguments() -> argparse.Namespace:
    """``num_ctx`` is per slot, as in Ollama."""
    parser = argparse.ArgumentParser(prog="models.embedded.runner")
    parser.add_argument("--gguf", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--slots", type=int, required=True)
    parser.add_argument("--num-ctx", type=int, required=True)
    return parser.parse_args()


def main() -> None:
    """Load, say so, work until killed."""
    tie_to_parent()
    options = parse_arguments()
    import xllamacpp

    key = secrets.token_urlsafe()
    params = xllamacpp.CommonParams()
    params.model.path = options.gguf
    params.n_ctx = options.num_ctx * options.slots
    params.n_parallel = options.slots
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    # A handler thread waits for each open request; further requests queue behind them.
    params.n_threads_http = 2 * options.slots + 4
    params.n_gpu_layers = 0
    # Each slot keeps its own prefix; a second copy of it in RAM would only cost memory.
    params.cache_ram_mib = 0
    params.api_keys = [key]
    params.ui = False
    params.verbosity = 0
    try:
        server = xllamacpp.Server(params)
    except (RuntimeError, ValueError) as error:
        sys.exit(f"llama.cpp could not load the model: {error}")
    sys.stdout.write(json.dumps({"url": server.listening_address, "key": key}) + "\n")
    sys.stdout.flush()
    os.close(1)
    threading.Event().wait()


if __name__ == "__main__":
    main()
