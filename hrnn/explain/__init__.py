"""What each session and each interaction did to a recommendation."""
