#include "sources_record.hpp"

#include "falconer/falco/rule_files.hpp"
#include "falconer/field_reader.hpp"
#include "falconer/value.hpp"

#include <algorithm>

namespace falconer::oci {
namespace {

void read_digest(field_reader& in, const char* key, std::optional<digest>& into) {
    std::string text;
    in.read(key, text);
    if (text.empty()) return;
    auto is = digest::parse(text);
    if (is)
        into = std::move(*is);
    else
        in.complain(key, is.error().detail);
}

file_source read_file(const value& from, const std::string& path, field_problems& problems) {
    field_reader in(from, path, problems);
    file_source  one;
    in.read_needed("artifact", one.artifact);
    in.read_needed("file", one.file);
    in.read("from", one.from);
    if (falco::standard_rule_file(one.artifact) != one.file || one.file.empty())
        in.complain("file", "is not the file of " + one.artifact);
    std::optional<digest> is;
    read_digest(in, "digest", is);
    if (is)
        one.is = std::move(*is);
    else
        in.complain("digest", "is needed");
    std::int64_t bytes = -1;
    in.read("bytes", bytes);
    if (bytes < 0 || bytes > static_cast<std::int64_t>(falco::largest_rule_file))
        in.complain("bytes", "is no size of a rule file");
    one.bytes = static_cast<std::uint64_t>(bytes);
    read_digest(in, "manifest", one.manifest);
    read_digest(in, "layer", one.layer);
    return one;
}

}  // namespace

const file_source* sources_record::find(std::string_view artifact) const {
    const auto at = std::ranges::find(files, artifact, &file_source::artifact);
    return at == files.end() ? nullptr : &*at;
}

std::string to_json(const sources_record& record) {
    auto files = value::list();
    for (const auto& each : record.files) {
        value one{
            {"artifact", each.artifact}, {"file", each.file},
            {"digest", each.is.text()},  {"bytes", static_cast<std::int64_t>(each.bytes)},
            {"from", each.from},
        };
        if (each.manifest) one["manifest"] = each.manifest->text();
        if (each.layer) one["layer"] = each.layer->text();
        files.push_back(std::move(one));
    }
    auto absent = value::list();
    for (const auto& each : record.absent) absent.push_back(each);
    value whole{{"version", record.version}, {"files", std::move(files)}};
    whole["absent"] = std::move(absent);
    return json_text(whole) + '\n';
}

result<sources_record> parse_sources(std::string_view json) {
    auto read = parse_json(json);
    if (!read) return std::move(read).error();
    field_problems problems;
    sources_record record;
    {
        field_reader in(*read, "", problems);
        in.read_needed("version", record.version);
        in.each("files", [&](const value& each, const std::string& path) {
            record.files.push_back(read_file(each, path, problems));
        });
        in.read("absent", record.absent);
    }
    if (!problems.empty()) return failure{errc::malformed, problems.front().text()};
    return record;
}

}  // namespace falconer::oci
