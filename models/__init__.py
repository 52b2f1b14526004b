"""Language models: the client of Ollama's API, the pool of servers, and what stands in for Ollama without a GPU.

Read it in this order:

1. ``errors``     what can go wrong, by whom it speaks against
2. ``task``       ``LLMTask``: what is asked, as a value with a key; ``config``: one server and its model
3. ``stream``     the bytes of a reply to a reply (pure); ``tokens``: the least tokens that a prompt can have
4. ``transport``  bounds on what is read, and aiohttp's errors as ours; ``wire``: the requests
5. ``worker``     ``LanguageModelWorker``: what counts as a reply, and asking again
6. ``pool``       ``ModelPool``: failover and return, of ``member``s taken in ``rotation``, each behind a ``breaker``;
   ``handover``: loading and unloading, verified
7. ``executor``   ``Executor``: kept replies, single ``flights``, ``limits``, many at once (``parallel``, ``outcomes``),
   ``metrics``;
   ``packing``: pages into requests by tokens (pure)
8. ``embedded``   servers of our own that speak the same protocol, on the CPU
9. ``registry``, ``weights``  the known models and how their files are installed
"""
