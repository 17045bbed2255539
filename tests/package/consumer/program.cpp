#include <string>

#include "program.h"

int main(int argc, char** argv) {
  const std::string path = argc == 2 ? argv[1] : "";
  return path.empty() ? 9 : use_mychat(path.c_str());
}
