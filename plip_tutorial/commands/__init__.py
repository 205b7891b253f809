"""What is typed: the demo, the doctor, and how a command line reads its arguments and says what was wrong."""
