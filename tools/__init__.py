"""What is run by hand: documents and look-up tables made anew."""
