"""`python -m faultmaven_events`: the same as the command `faultmaven`."""

if __name__ == "__main__":
    from faultmaven_events.cli import main

    main()
