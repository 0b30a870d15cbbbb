"""flodesk-mcp beside a bare server of the SDK, measured in one run: `python -m benchmarks`."""
