/* no_entry.c - a library that is no engine. */
int no_engine_here(void);
int no_engine_here(void)
{
    return 0;
}
