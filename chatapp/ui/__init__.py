"""The workbench: screens coordinate, widgets show and tell."""
