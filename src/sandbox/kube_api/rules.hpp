// What an API server makes of an object that is written, and what it refuses: plain decisions.
#pragma once

#include "falconer/kube_object.hpp"
#include "falconer/result.hpp"
#include "types.hpp"

#include <string>
#include <string_view>

namespace falconer::sandbox {

/// `configmaps "a"`, `deployments.apps "b"`: as its messages name objects.
std::string name_of(const kube_type& type, const kube_key& key);
/// `Thing.example.com "a"`
std::string kind_name_of(const kube_type& type, const kube_key& key);
/// `Thing.example.com "a" is invalid: `
std::string invalid_text(const kube_type& type, const kube_key& key);

bool is_name(const kube_type& type, std::string_view name);
bool has_finalizers(const value& object);
bool is_deleting(const value& object);
/// How many lists and mappings stand within each other there; of a text or a number: 0.
int depth_of(const value& is);
/// Whether anything differs that the generation counts.
bool wants_something_else(const api_type& type, const value& a, const value& b);

/// What only the server writes stays as it was.
void keep_servers_own(const value& was, value& object);
void keep_part(const value& was, value& object, std::string_view part);
/// stringData is a way of writing data.
void fold_string_data(const kube_type& type, value& object);

/// What a real server has no code for, and answers with 500 and no reason.
failure unforeseen(std::string why);
/// Whether a write need not say which version it has seen. Source: AllowUnconditionalUpdate of the
/// types' strategies; custom resources never may.
bool may_ignore_versions(const api_type& type);
/// Whether an update of what is not there makes it. Source: AllowCreateOnUpdate.
bool         may_be_made_by_update(const kube_type& type);
bool         breaks_immutability(const value& was, const value& object);
result<void> check_keys(const kube_type& type, const kube_key& key, const value& object);
/// What a typed server writes out of an Event, whether it was said or not.
void complete_event(const kube_type& type, value& object);
/// What every namespace has.
void complete_namespace(const kube_key& key, value& object);
/// The status of a CRD that is served: clients wait for it.
value established(const value& crd);

bool is_crd(const kube_type& type);
bool is_namespace(const kube_type& type);
bool same_type(const kube_type& a, const kube_type& b);

/// One entry for all versions of a type.
kube_type stored_as(const kube_type& type);

}  // namespace falconer::sandbox
