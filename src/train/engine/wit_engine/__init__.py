"""The engine of wit: trains and evaluates CLIP models for a client that feeds it over a socket.

Run as `python -m wit_engine --socket PATH`; docs/engine-protocol.md describes what it speaks.
"""
