"""What answers: the engine, a server, a script, a cache; all behind one port."""
