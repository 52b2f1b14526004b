"""Tests of the command line, the HTTP client and the demo."""
