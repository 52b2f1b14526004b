"""Language models: the client of Ollama's API, the pool of servers, and what stands in for Ollama without a GPU.

Read it in this order:

1. ``errors``     what can go wrong, by whom it speaks against
2. ``config``     one server and its model, as a value
3. ``stream``     the bytes of a reply to a reply (pure); ``tokens``: the least tokens that a prompt can have
4. ``transport``  bounds on what is read, and aiohttp's errors as ours; ``wire``: the requests
5. ``worker``     ``LanguageModelWorker``: what counts as a reply, and asking again
6. ``pool``       ``ModelPool``: failover and return, of ``member``s taken in ``rotation``; ``handover``: loading and
   unloading, verified
7. ``embedded``   servers of our own that speak the same protocol, on the CPU
8. ``registry``, ``weights``  the known models and how their files are installed
"""
