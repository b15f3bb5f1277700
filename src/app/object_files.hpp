// Files of Kubernetes objects, as kubectl writes them: several documents, Lists among them.
#pragma once

#include "falconer/falco/falco_profile.hpp"
#include "falconer/value.hpp"

#include <iosfwd>
#include <string>
#include <vector>

namespace falconer::app {

/// To its end, at most 64 MiB. Errors: malformed, "has more than 64 MiB"; not_found.
result<std::string> read_text(std::istream& in);

/// At most 64 MiB of it. Errors: not_found or malformed, "profile.yaml: No such file or directory".
result<std::string> read_text_file(const std::string& path);

/// What was found, and what is wrong with it: "profile.yaml:12: spec…: …", a line each.
struct object_file {
    std::vector<value>       objects{};
    std::vector<std::string> problems{};
};

/// The objects of all documents of a file, the items of a List each for itself.
object_file read_objects(const std::string& path);

struct profile_files {
    falco::releases          all{};
    std::vector<std::string> problems{};  // of all files
};

/// The catalogue that the profiles in these files make, whatever their order.
profile_files read_profiles(const std::vector<std::string>& paths);

/// A problem of an object that was read from `path`.
std::string located(const std::string& path, const field_problem& problem);

}  // namespace falconer::app
