find_package(MyChat 99 REQUIRED)
