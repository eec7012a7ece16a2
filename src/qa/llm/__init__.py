"""Language models: messages go in, chunks of text and a final `StreamEnd` come out.

`client` meters the calls: `cache` answers repeated requests from disk, `token_count` and `pricing` give tokens and US
dollars, a budget stops calls that could exceed it. `openai` sends a request to any endpoint of OpenAI's protocol, by
way of `http` (limits of bytes and seconds, headers, proxies); `chunks` reads what comes back. `failures` turns errors
into messages, `retries` decides whether to try again. `base` holds the `Model` protocol and adapts llama-index LLM
objects and functions to it. Importing the package loads no client.
"""
