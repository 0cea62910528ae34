// Loaded before the C library: fsync and fdatasync say that all is well, and do nothing.
extern "C" int fsync(int /*descriptor*/)
{
    return 0;
}

extern "C" int fdatasync(int /*descriptor*/)
{
    return 0;
}
