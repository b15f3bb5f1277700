// Bodies with the verdict that each must get: the project's own samples and the shared corpus.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace falconer::ingest {

struct body_case {
    std::string name;
    std::string identity;  // of the token
    std::string body;
    std::string verdict;  // store, quarantine, reject400 or reject413
    std::string about;    // quarantine: what the reason names
    std::string flag;     // store: past, future or replaced_characters

    std::map<std::string, std::string> expect;  // store: texts of some keys after reading
};

/// The cases of `directory`/expected.json, those in replaced.json as that one has them; its form is
/// in tests/samples/README.md. Throws when a file is missing, or when a recipe does not give the
/// body it promises.
std::vector<body_case> read_cases(const std::filesystem::path& directory);

/// The events of an NDJSON file: each is `store`, for the cluster that it names itself.
std::vector<body_case> read_events(const std::filesystem::path& ndjson);

std::filesystem::path own_samples();
/// The shared corpus: $FALCONER_SHARED_DATA, or ../shared/data/events beside the source tree.
std::optional<std::filesystem::path> shared_corpus();

/// Everything there is: our own samples, and the shared corpus if it is there.
std::vector<body_case> all_cases();

}  // namespace falconer::ingest
