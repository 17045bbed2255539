/* A module that holds MyChat, as a language binding is one. */
#include "talk.h"

__attribute__((visibility("default"))) int module_run(const char* url, const char* folder);

int module_run(const char* url, const char* folder) { return talk(url, folder); }
