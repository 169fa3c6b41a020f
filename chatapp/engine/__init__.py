"""The client of llama.cpp, which runs in a process of its own."""
