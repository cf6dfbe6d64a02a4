"""What messages in clear give away: decoding, values by their key, values known from elsewhere. No query, no page here."""
