"""HTTP as amlocal speaks it: requests and answers, TLS, tokens, faults. The server itself is one level up."""
