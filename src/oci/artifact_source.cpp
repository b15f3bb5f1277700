#include "artifact_source.hpp"

#include <utility>

namespace falconer::oci {

task<result<resolved_artifact>> resolve(
    artifact_source& from, std::string artifact, std::string tag, std::optional<digest> pin
) {
    const auto name  = from.name_of(artifact) + ':' + tag;
    auto       first = co_await from.manifest(artifact, tag);
    if (!first) co_return std::move(first).error();
    auto root = digest::of(first->text);
    if (pin && root != *pin)
        co_return failure{
            errc::malformed, name + " is " + root.text() + ", not " + pin->text() + " as pinned"
        };
    auto read = parse_document(first->text, first->media_type);
    if (!read) co_return std::move(read).error().while_doing(name);
    if (auto* whole = std::get_if<manifest>(&*read))
        co_return resolved_artifact{std::move(root), std::move(*whole)};

    auto chosen = only_manifest(std::get<index>(*read));
    if (!chosen) co_return std::move(chosen).error().while_doing(name);
    auto second = co_await from.manifest(artifact, chosen->is.text());
    if (!second) co_return std::move(second).error();
    if (auto same = verify(second->text, chosen->is, "the manifest of " + name); !same)
        co_return std::move(same).error();
    auto inner = parse_document(second->text, chosen->media_type);
    if (!inner) co_return std::move(inner).error().while_doing(name);
    auto* whole = std::get_if<manifest>(&*inner);
    if (whole == nullptr) co_return failure{errc::malformed, name + " is an index of indexes"};
    co_return resolved_artifact{std::move(root), std::move(*whole)};
}

}  // namespace falconer::oci
