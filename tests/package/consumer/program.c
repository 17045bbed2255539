#include "program.h"

int main(int argc, char** argv) { return argc == 2 ? use_mychat(argv[1]) : 9; }
