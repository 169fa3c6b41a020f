"""The process that holds llama.cpp; nothing here is imported by any other process."""
