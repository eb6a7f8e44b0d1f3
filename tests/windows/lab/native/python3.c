/* The library of the stable ABI: everything in it is forwarded to python311.dll (see python3.def, made by the build). */
int __stdcall DllMain(void *library, unsigned reason, void *reserved)
{
    return 1;
}
