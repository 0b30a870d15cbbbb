"""What a client is offered beside the tools: instructions, resources, prompts, completions. The tool filter holds."""
