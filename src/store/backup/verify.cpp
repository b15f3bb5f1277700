// What a folder, or whoever is behind commands, has of a store: found, and read through.
#include "archive.hpp"
#include "migrations.hpp"
#include "object_io.hpp"
#include "parts.hpp"
#include "restore.hpp"

#include <algorithm>

namespace falconer::store {
namespace {

constexpr std::size_t manifest_most = 64 << 20;

bool has(const std::vector<std::string>& all, const std::string& one) {
    return std::ranges::find(all, one) != all.end();
}

/// Parts of which single days, projects and clusters are asked for; the rest is whole or not at
/// all.
bool is_wanted(const backup_part& part, const restore_options& how) {
    return !part.decisions || how.everything();
}

result<void> read_through(
    vault& from, const backup_object& what, const std::string& called, const restore_options& how,
    std::size_t nth, std::size_t of
) {
    object_source in(from, what);
    for (;;) {
        auto piece = in.next();
        if (!piece) return std::move(piece).error().while_doing("checking " + called);
        if (how.show) how.show({"checking " + called, nth, of, in.rows(), what.bytes});
        if (piece->empty()) return {};
    }
}

/// Errors: conflict, of a newer schema; and those of the vault and of parse_manifest().
result<backup_manifest> read_manifest(vault& from, const std::string& name) {
    auto text = read_object(from, name, manifest_most);
    if (!text) return std::move(text).error();
    auto what = parse_manifest(*text);
    if (!what) return std::move(what).error().while_doing(name);
    const int known = known_migrations().back().version;
    if (what->schema > known)
        return failure{
            errc::conflict, "the backup has schema version " + std::to_string(what->schema) +
                                ", this program knows version " + std::to_string(known) +
                                ": use the newer falconer"
        };
    return what;
}

/// Manifests of days that retention has written out, of those that are wanted.
result<std::vector<std::string>> archives_in(vault& from, const restore_options& how) {
    std::vector<std::string> names;
    auto                     there = from.list();
    if (!there) return std::move(there).error();
    std::ranges::sort(*there);
    for (auto& each : *there) {
        if (!each.starts_with(archive_prefix) || !each.ends_with(".json")) continue;
        const bool wanted = how.days.empty() || std::ranges::any_of(how.days, [&](auto day) {
                                std::erase(day, '-');
                                return each.starts_with(archive_prefix + day);
                            });
        if (wanted) names.push_back(std::move(each));
    }
    return names;
}

void add_archive(backup_manifest& to, const backup_manifest& one, const std::string& name) {
    if (to.made.empty()) {
        to       = one;
        to.parts = {};
        to.days  = {};
    }
    for (const auto& each : one.landscapes)
        if (!has(to.landscapes, each)) to.landscapes.push_back(each);
    to.days.insert(to.days.end(), one.days.begin(), one.days.end());
    for (const auto& [part, object] : one.parts) to.parts.emplace(part + "@" + name, object);
}

/// The backup there, and what has been archived beside it. One of the two is enough.
result<backup_manifest> read_catalogue(vault& from, const restore_options& how) {
    if (how.manifest != manifest_name) return read_manifest(from, how.manifest);
    auto what     = read_manifest(from, manifest_name);
    auto archives = archives_in(from, how);
    if (!archives) return std::move(archives).error();
    if (!what && (what.error().code == errc::malformed || what.error().code == errc::conflict))
        return what;
    if (!what && archives->empty()) {
        auto why = std::move(what).error().while_doing("there is no backup that could be restored");
        if (read_object(from, unfinished_manifest_name, manifest_most))
            why.detail += "; one was begun and not ended: `falconer db backup` goes on with it";
        return why;
    }
    auto whole = what ? *std::move(what) : backup_manifest{};
    for (const auto& each : *archives) {
        auto one = read_manifest(from, each);
        if (!one) return one;
        add_archive(whole, *one, each);
    }
    return whole;
}

}  // namespace

result<backup_manifest> verify_backup(vault& from, const restore_options& how) {
    auto what = read_catalogue(from, how);
    if (!what) return what;
    for (const auto& each : how.days)
        if (what->find(each) == nullptr)
            return failure{errc::not_found, "the backup has nothing of " + each};
    const auto  of  = what->days.size() + what->parts.size();
    std::size_t nth = 0;
    for (const auto& [name, object] : what->parts) {
        const auto* which = find_part(name);
        if (which == nullptr || !is_wanted(*which, how)) continue;
        auto good = read_through(from, object, which->name, how, ++nth, of);
        if (!good) return std::move(good).error();
    }
    for (const auto& each : what->days) {
        if (!how.days.empty() && !has(how.days, each.day)) continue;
        auto good = read_through(from, each.events, each.day, how, ++nth, of);
        if (!good) return std::move(good).error();
    }
    return what;
}

}  // namespace falconer::store
