/* The interpreter's executable, which the package with its library does not bring: as python.org's, it calls Py_Main. */
#include <windows.h>

int wmain(int count, wchar_t **arguments)
{
    HMODULE library = LoadLibraryW(L"python311.dll");
    int (*run)(int, wchar_t **) = library ? (void *)GetProcAddress(library, "Py_Main") : NULL;
    return run ? run(count, arguments) : 120;
}
