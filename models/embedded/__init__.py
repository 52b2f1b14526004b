"""The embedded default: language-model servers of our own that speak Ollama's HTTP API over llama.cpp.

Three processes deep, each of which ends with the one above it: the daemon supervises servers (``supervisor``);
a server speaks HTTP and holds no weights (``server``, ``api``); its runner holds the weights and is killed to
free them (``runner``). The client, the pool and the hand-over are the same code as with a real Ollama.
"""
