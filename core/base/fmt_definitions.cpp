// The definitions of fmt, compiled once. LibTorch's headers bundle a fmt of their own that shadows
// the system's, whose compiled library therefore does not fit; as headers alone fmt costs every
// source four seconds and more.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

template FMT_API auto dragonbox::to_decimal(float x) noexcept -> dragonbox::decimal_fp<float>;
template FMT_API auto dragonbox::to_decimal(double x) noexcept -> dragonbox::decimal_fp<double>;
template FMT_API auto thousands_sep_impl(locale_ref) -> thousands_sep_result<char>;
template FMT_API auto decimal_point_impl(locale_ref) -> char;
#if FMT_VERSION < 110000
template FMT_API void buffer<char>::append(const char*, const char*);
#endif

}  // namespace detail
FMT_END_NAMESPACE
