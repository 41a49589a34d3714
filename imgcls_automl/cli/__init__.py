"""The command line: typer commands and rich screens. Nothing else imports typer or rich."""
