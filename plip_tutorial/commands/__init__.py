"""What the command line needs: `command_line` for all commands, `doctor` and `app` (the demo) for two of them."""
