// What a schema's `format` says of a text.
#pragma once

#include <string>
#include <string_view>

namespace falconer::sandbox {

/// Whether it is of that format; those that a server does not know say nothing. Source:
/// apiextensions-apiserver, validation/formats.go; kube-openapi, validation/strfmt, and Go's net
/// and net/url, which it asks.
bool has_format(const std::string& text, std::string_view format);

}  // namespace falconer::sandbox
