DROP TABLE invitations;
DROP TABLE account_tokens;
