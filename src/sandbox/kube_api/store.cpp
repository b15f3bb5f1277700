#include "store.hpp"

#include "built_in_rules.hpp"
#include "crd_schema.hpp"
#include "extension_labels.hpp"
#include "falconer/event.hpp"
#include "falconer/ids.hpp"
#include "patch.hpp"
#include "rules.hpp"
#include "shape.hpp"

#include <algorithm>
#include <chrono>

namespace falconer::sandbox {
namespace {

using object_ptr = api_change::object;

const kube_type namespaces{.kind = "Namespace", .plural = "namespaces", .namespaced = false};

/// `otherwise`: what it is to the kind of write that would make such an object.
result<void> readable(const api_type& type, const value& object, std::error_code otherwise) {
    auto why = misshapen(type, object);
    if (why.empty()) return {};
    return failure{
        otherwise, type.type.kind + " in version \"" + type.type.version +
                       "\" cannot be handled as a " + type.type.kind + ": " + why
    };
}

/// A patch that makes it an object of another type.
std::string other_type(const kube_type& type, const value& object) {
    const auto kind = object.text_at({"kind"}), version = object.text_at({"apiVersion"});
    if (!kind.empty() && kind != type.kind) return "it is no " + type.kind;
    if (!version.empty() && version != type.api_version()) return "it is not " + type.api_version();
    return {};
}

/// Source: apimachinery, api/validation, ValidateObjectMetaAccessorUpdate. Elsewhere the uid is a
/// precondition.
bool changes_what_is_fixed(const value& was, const value& object) {
    const auto uid = object.text_at({"metadata", "uid"});
    return !uid.empty() && uid != was.text_at({"metadata", "uid"});
}

failure uid_is_fixed(const kube_type& type, const kube_key& key, const value& object) {
    return {
        errc::malformed, invalid_text(type, key) + "metadata.uid: Invalid value: " +
                             json_text(object.text_at({"metadata", "uid"})) + ": field is immutable"
    };
}

failure not_served() {
    return {errc::not_found, "the server could not find the requested resource"};
}

}  // namespace

api_store::api_store(time_source& time, options opt) : time_(time), opt_(opt) {
    for (const auto* name : {"default", "kube-system"})
        (void)create(namespaces, {{}, name}, value::map(), {});
}

std::string api_store::now() const {
    return text_of(event_time_of(std::chrono::floor<std::chrono::seconds>(time_.utc())));
}

const api_store::kept* api_store::keeping(const kube_type& type, const kube_key& key) const {
    const auto at = objects_.find(place{type, key.namespace_name, key.name});
    return at == objects_.end() ? nullptr : &*at;
}

const object_ptr* api_store::find(const kube_type& type, const kube_key& key) const {
    const auto* const found = keeping(type, key);
    return found == nullptr ? nullptr : &found->is;
}

result<void> api_store::check(const kube_type& type, const kube_key& key, const value& object)
    const {
    const auto kind = object.text_at({"kind"});
    if (const auto version = object.text_at({"apiVersion"});
        !version.empty() && version != type.api_version())
        return failure{
            errc::broken, "the API version in the data (" + std::string(version) +
                              ") does not match the expected API version (" + type.api_version() +
                              ")"
        };
    if (!kind.empty() && kind != type.kind)
        return failure{
            errc::broken, "the kind in the data (" + std::string(kind) +
                              ") does not match the expected one (" + type.kind + ")"
        };
    if (key.name.empty())
        return failure{
            errc::malformed, invalid_text(type, key) +
                                 "metadata.name: Required value: name or generateName is required"
        };
    if (!is_name(type, key.name))
        return failure{
            errc::malformed, invalid_text(type, key) +
                                 "metadata.name: Invalid value: " + json_text(value(key.name)) +
                                 ": a lowercase RFC 1123 subdomain is expected"
        };
    const auto said = object.text_at({"metadata", "namespace"});
    if (!said.empty() && said != key.namespace_name)
        return failure{
            errc::broken,
            "the namespace of the provided object does not match the namespace sent "
            "on the request"
        };
    const auto named = object.text_at({"metadata", "name"});
    if (!named.empty() && named != key.name)
        return failure{
            errc::broken, "the name of the object (" + std::string(named) +
                              ") does not match the name on the URL (" + key.name + ")"
        };
    return check_keys(type, key, object);
}

/// To what its type allows. `was`: null when it is new.
result<void> api_store::conform(
    const api_type& type, const kube_key& key, const value& was, value& object
) {
    tidy(type, object);
    // Of what is said twice the last one stays; which object it is was decided by the first.
    if (const auto is = key_of(object);
        is.name != key.name || (type.type.namespaced && is.namespace_name != key.namespace_name))
        return failure{errc::broken, "the object names itself twice, and differently"};
    auto problems = metadata_violations(type, object);
    for (auto& each : built_in_violations(type, was, object)) problems.push_back(std::move(each));
    if (type.schema.is_map()) {
        prune(object, type.schema);
        fill_defaults(object, type.schema);
        if (depth_of(object) > deepest_value)
            problems.push_back("more than " + std::to_string(deepest_value) + " levels");
        for (auto& each : violations(object, type.schema)) problems.push_back(std::move(each));
    } else if (type.type.kind == "CustomResourceDefinition") {
        for (auto& each : crd_violations(object)) problems.push_back(std::move(each));
        for (auto& each : crd_changes(was, object)) problems.push_back(std::move(each));
    }
    if (problems.empty()) return {};
    return failure{errc::malformed, invalid_text(type.type, key) + listed(problems)};
}

result<value> api_store::create(
    const kube_type& type, kube_key key, value object, kube_write how, std::string_view manager
) {
    const auto* const served = types_.find(type.group, type.version, type.plural);
    if (served == nullptr) return not_served();
    const bool keyed = served->built_in;
    auto       made  = make(*served, std::move(key), std::move(object), how.dry_run);
    return owned(type, keyed, {}, std::move(made), how, manager);
}

result<value> api_store::make(const api_type& served, kube_key key, value object, bool rehearses) {
    const auto& type = served.type;
    if (auto good = readable(served, object, errc::broken); !good) return std::move(good).error();
    if (key.name.empty()) key.name = object.text_at({"metadata", "name"});
    if (const auto prefix = object.text_at({"metadata", "generateName"});
        key.name.empty() && !prefix.empty())
        key.name = std::string(prefix) + "x" + std::to_string(++names_);
    if (auto good = check(type, key, object); !good) return std::move(good).error();
    if (find(type, key) != nullptr)
        return failure{errc::already_exists, name_of(type, key) + " already exists"};
    if (type.namespaced) {
        const auto* const space = find(namespaces, {{}, key.namespace_name});
        if (space == nullptr)
            return failure{errc::not_found, "namespaces \"" + key.namespace_name + "\" not found"};
        if (is_deleting(*(*space)->tree()))
            return failure{
                errc::denied, name_of(type, key) +
                                  " is forbidden: unable to create new content in "
                                  "namespace " +
                                  key.namespace_name + " because it is being terminated"
            };
    }
    object["apiVersion"] = type.api_version();
    object["kind"]       = type.kind;
    auto& metadata       = object["metadata"];
    metadata["name"]     = key.name;
    if (type.namespaced) metadata["namespace"] = key.namespace_name;
    metadata["uid"]               = uuid::random().text();
    metadata["creationTimestamp"] = now();
    metadata.erase("deletionTimestamp");
    metadata.erase("deletionGracePeriodSeconds");
    metadata.erase("resourceVersion");
    if (served.generations) metadata["generation"] = 1;
    if (served.has_status) object.erase("status");
    fold_string_data(type, object);
    complete_event(type, object);
    label_extensions(type, object);
    if (is_namespace(type)) {
        complete_namespace(key, object);
        object["status"]["phase"] = "Active";
    }
    if (type.kind == "CustomResourceDefinition") object["status"] = established(object);
    if (auto good = conform(served, key, {}, object); !good) return std::move(good).error();
    if (rehearses) return object;
    return commit(type, key, nullptr, std::move(object));
}

result<value> api_store::update(
    const kube_type& type, const kube_key& key, value object, kube_write how,
    std::string_view manager
) {
    const auto* const served = types_.find(type.group, type.version, type.plural);
    const auto* const found  = find(type, key);
    if (served == nullptr) return not_served();
    if (found == nullptr && how.part == kube_part::whole && may_be_made_by_update(type))
        return create(type, key, std::move(object), how, manager);
    if (found == nullptr) return failure{errc::not_found, name_of(type, key) + " not found"};
    if (auto good = readable(*served, object, errc::broken); !good) return std::move(good).error();
    if (auto good = check(type, key, object); !good) return std::move(good).error();
    if (resource_version_of(object).empty() && !may_ignore_versions(*served))
        return failure{
            errc::malformed, name_of(type, key) +
                                 " is invalid: metadata.resourceVersion: Invalid value: 0: must be "
                                 "specified for an update"
        };
    const auto was = (*found)->tree();
    // A write may be the end of an object, and that the end of its type.
    const bool keyed = served->built_in;
    auto       done  = write(*served, key, *was, std::move(object), how);
    return owned(type, keyed, *was, std::move(done), how, manager);
}

result<value> api_store::patch(
    const kube_type& type, const kube_key& key, api_patch_kind kind, const value& patch,
    kube_write how, std::string_view manager
) {
    const auto* const served = types_.find(type.group, type.version, type.plural);
    const auto* const found  = find(type, key);
    if (served == nullptr || found == nullptr)
        return failure{errc::not_found, name_of(type, key) + " not found"};
    const auto    was     = (*found)->tree();
    result<value> patched = value{};
    switch (kind) {
        case api_patch_kind::merge: patched = merge_patched(*was, patch); break;
        case api_patch_kind::strategic: patched = strategic_merge_patched(*was, patch); break;
        case api_patch_kind::json: patched = json_patched(*was, patch); break;
    }
    if (!patched) return std::move(patched).error();
    auto why = misshapen(*served, *patched);
    if (served->built_in && why.empty()) why = other_type(type, *patched);
    if (!why.empty())
        return failure{
            errc::malformed, " \"\" is invalid: patch: Invalid value: " +
                                 json_text(value(json_text(*patched))) + ": " + why
        };
    if (changes_what_is_fixed(*was, *patched)) return uid_is_fixed(type, key, *patched);
    if (patched->text_at({"metadata", "name"}).empty())
        return failure{
            errc::broken, "the name of the object (" + key.name +
                              " based on URL) was undeterminable: name must be provided"
        };
    if (auto good = check(type, key, *patched); !good) return std::move(good).error();
    const bool keyed = served->built_in;  // as in update()
    auto       done  = write(*served, key, *was, std::move(*patched), how);
    return owned(type, keyed, *was, std::move(done), how, manager);
}

result<value> api_store::apply(
    const kube_type& type, const kube_key& key, const value& config, const kube_apply& how,
    const value* admitted
) {
    const auto* const served = types_.find(type.group, type.version, type.plural);
    if (served == nullptr) return not_served();
    if (auto good = readable(*served, config, unforeseen({}).code); !good)
        return std::move(good).error();
    const auto* const          found  = keeping(type, key);
    const auto                 was    = found == nullptr ? nullptr : found->is->tree();
    auto                       owners = found == nullptr ? field_owners{} : found->owners;
    const field_owners::writer by{
        .manager = how.manager, .applies = true, .status = how.part == kube_part::status
    };
    // As kubectl itself does it, by writing managedFields, which are not shown here. Source:
    // client-go, util/csaupgrade.
    if (how.manager == "kubectl" && !by.status)
        owners.hand_over({.manager = "kubectl-client-side-apply"}, by);
    auto merged = owners.apply(was ? *was : value{}, config, by, how.force, served->built_in);
    if (!merged) return std::move(merged).error();
    if (admitted != nullptr) *merged = *admitted;
    if (was && changes_what_is_fixed(*was, *merged)) return uid_is_fixed(type, key, *merged);
    const kube_write writing{.part = how.part, .dry_run = how.dry_run};
    if (auto good = check(type, key, *merged); !good) return std::move(good).error();
    auto done = was ? write(*served, key, *was, std::move(*merged), writing)
                    : make(*served, key, std::move(*merged), how.dry_run);
    if (done && !how.dry_run) own(type, key, std::move(owners));
    return done;
}

void api_store::own(const kube_type& type, const kube_key& key, field_owners owners) {
    const auto* const found = keeping(type, key);
    if (found == nullptr) return;  // the write was its last one
    owners.share(sets_);
    found->owners = std::move(owners);
}

/// Gives what `done` has changed to whoever has written it.
result<value> api_store::owned(
    const kube_type& type, bool keyed, const value& was, result<value> done, kube_write how,
    std::string_view manager
) {
    if (!done || how.dry_run) return done;
    const auto        key   = key_of(*done);
    const auto* const found = keeping(type, key);
    if (found == nullptr) return done;
    auto owners = found->owners;
    owners.wrote(
        was, *done, {.manager = std::string(manager), .status = how.part == kube_part::status},
        keyed
    );
    own(type, key, std::move(owners));
    return done;
}

result<value> api_store::write(
    const api_type& type, const kube_key& key, const value& was, value object, kube_write how
) {
    const auto version = resource_version_of(object);
    if (version.find_first_not_of("0123456789") != version.npos)
        return unforeseen("parsing \"" + std::string(version) + "\": invalid syntax");
    if (!version.empty() && version != resource_version_of(was))
        return failure{
            errc::conflict, "Operation cannot be fulfilled on " + name_of(type.type, key) +
                                ": the object has been modified; please apply your changes to the "
                                "latest version and try again"
        };
    const auto uid = object.text_at({"metadata", "uid"}), had = was.text_at({"metadata", "uid"});
    if (!uid.empty() && uid != had)
        return failure{
            errc::conflict, "Operation cannot be fulfilled on " + name_of(type.type, key) +
                                ": Precondition failed: UID in precondition: " + std::string(uid) +
                                ", UID in object meta: " + std::string(had)
        };
    if (how.part == kube_part::status && !type.has_status) return not_served();
    if (how.part == kube_part::status) {
        auto status = object.find("status") == nullptr ? value{} : *object.find("status");
        object      = was;
        if (status.is_null())
            object.erase("status");
        else
            object["status"] = std::move(status);
    } else {
        keep_servers_own(was, object);
        if (type.has_status) keep_part(was, object, "status");
        fold_string_data(type.type, object);
        complete_event(type.type, object);
        label_extensions(type.type, object);
        if (is_namespace(type.type)) complete_namespace(key, object);
        if (breaks_immutability(was, object))
            return failure{
                errc::malformed, invalid_text(type.type, key) +
                                     "data: Forbidden: field is immutable when "
                                     "`immutable` is set"
            };
    }
    object["apiVersion"]       = type.type.api_version();
    object["kind"]             = type.type.kind;
    object["metadata"]["name"] = key.name;
    if (type.type.namespaced) object["metadata"]["namespace"] = key.namespace_name;
    object["metadata"]["resourceVersion"] = std::string(resource_version_of(was));
    if (auto good = conform(type, key, was, object); !good) return std::move(good).error();
    if (const auto changed = changes_of_fixed(object, was, type.schema); !changed.empty())
        return failure{errc::malformed, invalid_text(type.type, key) + listed(changed)};
    if (object == was || how.dry_run) return object;  // nothing happens where nothing changes
    if (type.generations && how.part == kube_part::whole &&
        wants_something_else(type, was, object)) {
        // Nothing counts where it comes from an archive of a time when nobody counted its type.
        const auto* const counted = was.find_path({"metadata", "generation"});
        object["metadata"]["generation"] =
            counted == nullptr ? 1 : counted->integer().value_or(0) + 1;
    }
    if (is_deleting(object) && !has_finalizers(object)) {
        drop(type.type, key);
        return object;
    }
    return commit(type.type, key, &was, std::move(object));
}

value api_store::commit(
    const kube_type& type, const kube_key& key, const value* was, value object
) {
    object["metadata"]["resourceVersion"] = std::to_string(version_ + 1);
    registered(was, &object);
    const auto        after  = std::make_shared<const api_object>(object);
    const auto* const found  = keeping(type, key);
    auto              before = found == nullptr ? nullptr : found->is;
    if (found != nullptr)
        found->is = after;
    else
        objects_.insert(kept{.of = &shared(stored_as(type)), .is = after});
    tell({.version = ++version_, .of = &shared(type), .before = std::move(before), .after = after});
    return object;
}

void api_store::registered(const value* before, const value* after) {
    const auto& is = after != nullptr ? *after : *before;
    if (is.text_at({"kind"}) != "CustomResourceDefinition") return;
    if (before != nullptr) types_.remove_crd(*before);
    if (after != nullptr) (void)types_.add_crd(*after);
}

}  // namespace falconer::sandbox
