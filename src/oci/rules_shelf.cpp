#include "rules_shelf.hpp"

#include "falconer/falco/semver.hpp"
#include "manifest.hpp"
#include "small_files.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace falconer::oci {
namespace {

namespace fs = std::filesystem;

constexpr auto prefix = ".pulling-";

failure no_room(const fs::path& where, const std::string& why) {
    return {errc::unavailable, where.string() + ": " + why};
}

/// What an interrupted pull has left. A young one may be at work.
void sweep(const fs::path& folder) {
    constexpr auto  old = std::chrono::hours(1);
    std::error_code wrong;
    for (const auto& each : fs::directory_iterator(folder, wrong)) {
        if (!each.path().filename().string().starts_with(prefix)) continue;
        const auto since = fs::last_write_time(each.path(), wrong);
        if (!wrong && fs::file_time_type::clock::now() - since > old)
            fs::remove_all(each.path(), wrong);
    }
}

result<void> fill(const fs::path& folder, const pulled_rules& rules) {
    for (const auto& [name, text] : rules.files)
        if (auto done = write_small_file(folder / name, text); !done) return done;
    return write_small_file(folder / sources_file, to_json(rules.record));
}

/// One step where the file system knows how; else there is a moment without.
result<void> exchange(const fs::path& fresh, const fs::path& place) {
    if (::rename(fresh.c_str(), place.c_str()) == 0) return {};
    if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) == 0)
        return {};
    const auto      aside = fs::path(fresh.string() + ".old");
    std::error_code wrong;
    fs::rename(place, aside, wrong);
    if (!wrong) fs::rename(fresh, place, wrong);
    if (wrong) return no_room(place, wrong.message());
    fs::remove_all(aside, wrong);
    return {};
}

}  // namespace

rules_shelf::found rules_shelf::look(const std::string& version) const {
    const auto      folder = folder_of(version);
    found           got;
    std::error_code absent;
    if (!fs::exists(folder, absent)) return got;
    const auto foreign = [&](std::string why) {
        got.is  = state::foreign;
        got.why = std::move(why);
        return got;
    };
    const auto json = read_small_file(folder / sources_file, largest_manifest);
    if (!json) return foreign(json.error().detail);
    auto record = parse_sources(*json);
    if (!record) {  // who else would call a file so
        got.is  = state::damaged;
        got.why = (folder / sources_file).string() + ": " + record.error().detail;
        return got;
    }
    if (record->version != version)
        return foreign((folder / sources_file).string() + ": is of version " + record->version);
    got.is           = state::whole;
    got.rules.record = std::move(*record);
    for (const auto& each : got.rules.record.files) {
        const auto file = folder / each.file;
        auto       text = read_small_file(file, falco::largest_rule_file);
        const auto same =
            text ? verify(*text, each.is, file.string()) : result<void>(failure{text.error()});
        if (!same) {
            got.is  = state::damaged;
            got.why = same.error().detail;
            got.rules.files.clear();
            return got;
        }
        got.rules.files.emplace(each.file, std::move(*text));
    }
    return got;
}

std::vector<std::string> rules_shelf::versions() const {
    std::vector<std::string> all;
    std::error_code          wrong;
    for (const auto& each : fs::directory_iterator(folder_, wrong))
        if (auto name = each.path().filename().string(); falco::semver::parse(name))
            all.push_back(std::move(name));
    std::ranges::sort(all);
    return all;
}

result<void> rules_shelf::put(const pulled_rules& rules) const {
    const auto place = folder_of(rules.record.version);
    const auto there = look(rules.record.version);
    if (there.is == state::foreign)
        return failure{
            errc::conflict,
            place.string() + " is there and was not pulled; it is left as it is (" + there.why + ')'
        };
    std::error_code wrong;
    fs::create_directories(folder_, wrong);
    if (wrong) return no_room(folder_, wrong.message());
    sweep(folder_);
    auto pattern = (folder_ / (prefix + rules.record.version + ".XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr) return no_room(folder_, std::strerror(errno));
    const fs::path fresh(pattern);
    fs::permissions(
        fresh,
        fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
            fs::perms::others_read | fs::perms::others_exec,
        wrong
    );
    auto done = fill(fresh, rules);
    if (done) done = exchange(fresh, place);
    fs::remove_all(fresh, wrong);
    return done;
}

bool meets_pins(const sources_record& record, const rules_wish& wish) {
    return std::ranges::all_of(record.files, [&](const file_source& each) {
        const auto pin = wish.pin_of(each.artifact);
        return !pin || each.manifest == pin;
    });
}

bool satisfies(const sources_record& record, const rules_wish& wish) {
    return meets_pins(record, wish) &&
           std::ranges::all_of(wish.artifacts, [&](const std::string& artifact) {
               return record.find(artifact) != nullptr;
           });
}

task<result<shelved_rules>> pull_to_shelf(rules_source& from, rules_shelf shelf, rules_wish wish) {
    auto there = shelf.look(wish.version);
    if (there.is == rules_shelf::state::foreign)
        co_return failure{
            errc::conflict, shelf.folder_of(wish.version).string() +
                                " is there and was not pulled; it is left as it is (" + there.why +
                                ')'
        };
    shelved_rules done;
    if (there.is == rules_shelf::state::whole && satisfies(there.rules.record, wish)) {
        done.rules = std::move(there.rules);
        co_return done;
    }
    // A version does not change: a tag that stands for something else now is not believed. And
    // whoever asks for less must not lose what is there.
    for (const auto& each : there.rules.record.files) {
        if (std::ranges::find(wish.artifacts, each.artifact) == wish.artifacts.end())
            wish.artifacts.push_back(each.artifact);
        if (!wish.pin_of(each.artifact) && each.manifest)
            wish.pins.push_back({each.artifact, wish.version, *each.manifest});
    }
    auto pulled = co_await pull_rules(from, std::move(wish));
    if (!pulled) co_return std::move(pulled).error();
    // Files from a folder have no manifest that could pin them.
    for (const auto& each : there.rules.record.files) {
        const auto* now = pulled->record.find(each.artifact);
        if (!each.manifest && now != nullptr && now->is != each.is)
            co_return failure{
                errc::conflict, shelf.folder_of(pulled->record.version).string() + '/' + each.file +
                                    " was " + each.is.text() + " and is " + now->is.text() +
                                    " now: a version does not change; remove the folder to take it"
            };
    }
    done.rules = std::move(*pulled);
    // Perhaps only what was absent was asked for again, and is absent still.
    if (there.is == rules_shelf::state::whole && there.rules.record == done.rules.record)
        co_return done;
    done.fetched = true;
    if (auto written = shelf.put(done.rules); !written) done.unwritten = std::move(written).error();
    co_return done;
}

}  // namespace falconer::oci
