// Memory of the process.
#pragma once

namespace oubli {

// Asks the allocator to keep freed memory for the next batch rather than hand it back to the
// system, which would clear every page of it again: on virtual machines that took a third of a pass
// over LeNet-5. For programs, at their start; does nothing where the C library is not glibc.
void keep_freed_memory();

}  // namespace oubli
