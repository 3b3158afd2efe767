"""Floor 2: the verbs, one file per deed. The only room that writes; every transaction is here."""
