package seal

// Own is the condition that tells this server's entries from what was restored.
const Own = own
