#include "falconer/falco/falco_profile.hpp"

#include "falconer/rfc3339.hpp"
#include "profile_plugins.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

namespace falconer::falco {
namespace {

constexpr std::array names{"deprecated", "preview", "supported"};

void read_version(field_reader& in, const char* key, std::string& into) {
    if (in.read_needed(key, into) && !semver::parse(into))
        in.expected(key, "a version such as 0.42.1");
}

void read_classification(field_reader& in, classification& into) {
    std::string said;
    if (!in.read_needed("classification", said)) return;
    const auto found = std::ranges::find(names, said);
    if (found != names.end())
        into = static_cast<classification>(found - names.begin());
    else
        in.expected("classification", "preview, supported or deprecated");
}

void read_expiry(field_reader& in, std::optional<event_time>& into) {
    std::string said;
    const auto  before = in.problems().size();
    in.read("expirationDate", said);
    if (in.problems().size() != before || in.find("expirationDate") == nullptr) return;
    auto time = parse_rfc3339(said);
    if (std::holds_alternative<const char*>(time)) time = parse_rfc3339(said + 'Z');
    if (const auto* good = std::get_if<event_time>(&time))
        into = *good;
    else
        in.expected("expirationDate", "a time such as 2026-07-31T23:59:59Z");
}

std::vector<offered_version> read_versions(field_reader& in, const char* key) {
    std::vector<offered_version> all;
    in.each(key, [&](const value& item, const std::string& path) {
        const auto      before = in.problems().size();
        offered_version one;
        {
            field_reader reader(item, path, in.problems());
            read_version(reader, "version", one.version);
            read_classification(reader, one.is);
            read_expiry(reader, one.expires);
            const bool falco = std::string_view(key) == "falco";
            if (falco || reader.find("rulesVersion") != nullptr)
                read_version(reader, "rulesVersion", one.rules_version);
        }
        if (in.problems().size() == before) all.push_back(std::move(one));
    });
    return all;
}

/// Source: github.com/gardener/gardener-extension-shoot-falco-service, FalcoProfile: how tags and
/// digests are joined.
std::string image_of(const std::string& repository, const std::string& tag) {
    if (tag.empty()) return repository;
    return repository + (tag.starts_with("sha256:") ? '@' : ':') + tag;
}

/// Of an image's name: no pod starts from one with a blank in it.
void expect_word(field_reader& in, const char* key, const std::string& said) {
    const bool broken = std::ranges::any_of(said, [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
    });
    if (broken) in.expected(key, "one word");
}

void read_images(field_reader& in, const char* key, std::vector<offered_version>& versions) {
    std::map<std::string, std::string> images;  // by version
    in.each(key, [&](const value& item, const std::string& path) {
        std::string  version, repository, tag;
        field_reader reader(item, path, in.problems());
        const auto   before = in.problems().size();
        read_version(reader, "version", version);
        reader.read_needed("repository", repository);
        expect_word(reader, "repository", repository);
        reader.read("tag", tag);
        expect_word(reader, "tag", tag);
        if (in.problems().size() != before) return;
        const auto image          = image_of(repository, tag);
        const auto [first, fresh] = images.emplace(version, image);
        if (!fresh && first->second != image)
            reader.complain(
                "repository",
                "is " + image + "; before, the image of " + version + " is " + first->second
            );
        for (auto& each : versions)
            if (each.version == version) each.image = first->second;
    });
}

// --- merging ------------------------------------------------------------------------------------

std::string text_of_expiry(const std::optional<event_time>& at) {
    return at ? text_of(*at) : "never";
}

/// What one profile says of a version.
struct offer {
    const falco_profile*   by;
    const offered_version* what;
};

/// The most careful of all that is said, by profiles in the order of their names. Of each field
/// that they disagree about a warning says who says what.
offered_version agreed(
    const std::vector<offer>& all, const std::string& what, std::vector<std::string>& warnings
) {
    auto one = *all.front().what;
    for (const auto& [by, said] : all) {
        one.is = std::min(one.is, said->is);
        if (said->expires && (!one.expires || *said->expires < *one.expires))
            one.expires = said->expires;
        if (one.rules_version.empty()) one.rules_version = said->rules_version;
        if (one.image.empty()) one.image = said->image;
    }
    const auto compare = [&](const std::string& field, auto text_in) {
        std::string                who;
        std::optional<std::string> first;
        bool                       differ = false;
        for (const auto& [by, said] : all) {
            const std::string text = text_in(*said);
            if (text.empty()) continue;
            differ = differ || (first && *first != text);
            if (!first) first = text;
            who += (who.empty() ? "" : ", ") + by->name + ": " + text;
        }
        if (!differ) return std::string{};
        warnings.push_back(
            what + ' ' + one.version + ": FalcoProfiles disagree about " + field + " (" + who +
            "); " + text_in(one) + " counts"
        );
        return who;
    };
    compare("classification", [](const offered_version& v) { return std::string(name_of(v.is)); });
    one.disputed_end = compare("expirationDate", [](const offered_version& v) {
        return text_of_expiry(v.expires);
    });
    compare("rulesVersion", [](const offered_version& v) { return v.rules_version; });
    compare("image", [](const offered_version& v) { return v.image; });
    return one;
}

offered_versions merge_all(
    const std::vector<falco_profile>& profiles, std::vector<offered_version> falco_profile::* which,
    const std::string& what, std::vector<std::string>& warnings
) {
    std::map<semver, std::vector<offer>> offers;
    for (const auto& profile : profiles)
        for (const auto& each : profile.*which)
            offers[semver::parse(each.version).value()].push_back({&profile, &each});
    offered_versions all;
    for (const auto& [version, said] : offers) all.emplace(version, agreed(said, what, warnings));
    for (const auto& [version, each] : all)
        if (each.image.empty())
            warnings.push_back(what + ' ' + each.version + ": no profile names its image");
    return all;
}

auto key_of(const offered_version& v) {
    return std::tuple(v.version, v.is, text_of_expiry(v.expires), v.rules_version, v.image);
}

bool less_plugins(const std::vector<offered_plugin>& a, const std::vector<offered_plugin>& b) {
    return std::ranges::lexicographical_compare(a, b, {}, whole_text_of, whole_text_of);
}

bool before(const falco_profile& a, const falco_profile& b) {
    if (a.name != b.name) return a.name < b.name;
    const auto by_key = [](const offered_version& x, const offered_version& y) {
        return key_of(x) < key_of(y);
    };
    const auto less = [&](const auto& x, const auto& y) {
        return std::ranges::lexicographical_compare(x, y, by_key);
    };
    if (a.falco != b.falco) return less(a.falco, b.falco);
    if (a.falcosidekick != b.falcosidekick) return less(a.falcosidekick, b.falcosidekick);
    if (a.falcoctl != b.falcoctl) return less(a.falcoctl, b.falcoctl);
    return less_plugins(a.plugins, b.plugins);
}

}  // namespace

std::string_view name_of(classification is) noexcept {
    return names[static_cast<std::size_t>(is)];
}

std::string offered_version::end_text() const {
    const auto said = text_of_expiry(expires);
    return disputed_end.empty() ? said : said + " (FalcoProfiles disagree; " + disputed_end + ")";
}

decoded_profile decode_falco_profile(const value& object) {
    decoded_profile decoded;
    auto&           profile = decoded.profile;
    field_reader    in(object, "", decoded.problems);
    if (!object.is_map()) return decoded;
    in.must_be("apiVersion", "falco.gardener.cloud/v1alpha1");
    in.must_be("kind", "FalcoProfile");
    if (const auto* metadata = in.find("metadata")) profile.name = metadata->text_at({"name"});
    if (profile.name.empty()) in.complain("metadata.name", "is needed");
    in.find("status");  // others'
    if (in.find("spec") == nullptr) in.complain("spec", "is needed");
    in.in("spec", [&](field_reader& spec) {
        spec.in("versions", [&](field_reader& versions) {
            profile.falco         = read_versions(versions, "falco");
            profile.falcosidekick = read_versions(versions, "falcosidekick");
            profile.falcoctl      = read_versions(versions, "falcoctl");
        });
        spec.in("images", [&](field_reader& images) {
            read_images(images, "falco", profile.falco);
            read_images(images, "falcosidekick", profile.falcosidekick);
            read_images(images, "falcoctl", profile.falcoctl);
        });
        profile.plugins = read_plugins(spec);
    });
    return decoded;
}

releases merge(std::vector<falco_profile> profiles) {
    std::ranges::sort(profiles, before);
    releases all;
    all.falco = merge_all(profiles, &falco_profile::falco, "falco", all.warnings);
    all.falcosidekick =
        merge_all(profiles, &falco_profile::falcosidekick, "falcosidekick", all.warnings);
    all.falcoctl = merge_all(profiles, &falco_profile::falcoctl, "falcoctl", all.warnings);
    all.plugins  = merge_plugins(profiles, all.warnings);
    return all;
}

}  // namespace falconer::falco
