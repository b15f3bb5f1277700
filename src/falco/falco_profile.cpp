#include "falconer/falco/falco_profile.hpp"

#include "falconer/rfc3339.hpp"

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

/// `late` comes from a profile behind that of `into`.
void merge_one(
    offered_version& into, const offered_version& late, const std::string& what,
    std::vector<std::string>& warnings
) {
    const auto differ = [&](const std::string& field, const std::string& a, const std::string& b) {
        warnings.push_back(
            what + ' ' + into.version + ": profiles disagree about " + field + ": " + a + " and " +
            b
        );
    };
    if (into.is != late.is) {
        differ("classification", std::string(name_of(into.is)), std::string(name_of(late.is)));
        into.is = std::min(into.is, late.is);
    }
    if (into.expires != late.expires) {
        differ("expirationDate", text_of_expiry(into.expires), text_of_expiry(late.expires));
        if (!into.expires || (late.expires && *late.expires < *into.expires))
            into.expires = late.expires;
    }
    if (into.rules_version != late.rules_version && !late.rules_version.empty()) {
        if (into.rules_version.empty())
            into.rules_version = late.rules_version;
        else
            differ("rulesVersion", into.rules_version, late.rules_version);
    }
    if (into.image != late.image && !late.image.empty()) {
        if (into.image.empty())
            into.image = late.image;
        else
            differ("image", into.image, late.image);
    }
}

offered_versions merge_all(
    const std::vector<falco_profile>& profiles, std::vector<offered_version> falco_profile::* which,
    const std::string& what, std::vector<std::string>& warnings
) {
    offered_versions all;
    for (const auto& profile : profiles) {
        for (const auto& each : profile.*which) {
            const auto [at, fresh] = all.emplace(semver::parse(each.version).value(), each);
            if (!fresh) merge_one(at->second, each, what, warnings);
        }
    }
    for (const auto& [version, each] : all)
        if (each.image.empty())
            warnings.push_back(what + ' ' + each.version + ": no profile names its image");
    return all;
}

auto key_of(const offered_version& v) {
    return std::tuple(v.version, v.is, text_of_expiry(v.expires), v.rules_version, v.image);
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
    return less(a.falcoctl, b.falcoctl);
}

}  // namespace

std::string_view name_of(classification is) noexcept {
    return names[static_cast<std::size_t>(is)];
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
    return all;
}

}  // namespace falconer::falco
