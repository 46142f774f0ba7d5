// A second file of the same program that includes vimogen.hpp.
#include <vimogen.hpp>

std::size_t frames_of(const vimogen::Motion &motion);

std::size_t frames_of(const vimogen::Motion &motion) { return motion.frames(); }
