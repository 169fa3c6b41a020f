"""`python -m chatapp` is the command `chatapp`."""

from chatapp.cli.main import main

if __name__ == "__main__":
    main()
