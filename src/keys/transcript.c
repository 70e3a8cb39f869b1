/* keys/transcript.c */
