#include "objects.h"
// After Python.h.
#include <datetime.h>

#include <chrono>
#include <cstring>

namespace mychat_python {

// Not in the unnamed namespace, where they would hide their overloads.
static py::object to_python(const mychat_session& value);
static py::object to_python(const mychat_conversation& value);

namespace {

template <class List>
py::object tuple_of(const List& list) {
  py::tuple items(list.count);
  for (std::size_t i = 0; i < list.count; ++i)
    PyTuple_SET_ITEM(items.ptr(), static_cast<Py_ssize_t>(i), to_python(*list.items[i]).release().ptr());
  return items;
}

py::object texts(const char* const* items, std::size_t count) {
  py::tuple result(count);
  for (std::size_t i = 0; i < count; ++i)
    PyTuple_SET_ITEM(result.ptr(), static_cast<Py_ssize_t>(i), text_to_python(items[i]).release().ptr());
  return result;
}

}  // namespace

static py::object to_python(const mychat_session& value) {
  return Record(objects().session)
      .set(MYCHAT_FIELD(id), new_text(value.id))
      .set(MYCHAT_FIELD(device_name), new_text(value.device_name))
      .set(MYCHAT_FIELD(current), new_bool(value.current))
      .set(MYCHAT_FIELD(created_at), new_time(value.created_at))
      .set(MYCHAT_FIELD(last_used), new_time(value.last_used))
      .make();
}

static py::object to_python(const mychat_conversation& value) {
  return Record(objects().conversation)
      .set(MYCHAT_FIELD(peer), new_text(value.peer))
      .set(MYCHAT_FIELD(unread), PyLong_FromUnsignedLong(value.unread))
      .set(MYCHAT_FIELD(last_message_id), new_text(value.last_message_id))
      .set(MYCHAT_FIELD(last_message_at), new_time(value.last_message_at))
      .make();
}

PyObject* Enum::member(std::int32_t value) {
  const bool cached = value >= 0 && static_cast<std::size_t>(value) < kCached;
  if (cached && members_[static_cast<std::size_t>(value)] != nullptr) {
    PyObject* member = members_[static_cast<std::size_t>(value)];
    Py_INCREF(member);
    return member;
  }
  py::object member = class_(value);
  if (cached) members_[static_cast<std::size_t>(value)] = py::object(member).release().ptr();
  return member.release().ptr();
}

Objects& objects() {
  static Objects all;
  return all;
}

void bind_types(py::module_& types, py::module_& enums, py::object error_factory) {
  Objects& o = objects();
  o.make_error = error_factory.release();
  o.status.bind(enums, "Status");
  o.direction.bind(enums, "Direction");
  o.content_type.bind(enums, "ContentType");
  o.message_status.bind(enums, "MessageStatus");
  o.verification.bind(enums, "Verification");
  o.repair.bind(enums, "Repair");
  o.trust.bind(enums, "Trust");
  o.presence.bind(enums, "PresenceStatus");
  o.event_type.bind(enums, "EventType");
  o.operation.bind(enums, "Operation");
  o.connection_state.bind(enums, "ConnectionState");
  const auto type = [&](py::handle& place, const char* name) {
    place = types.attr(name).cast<py::object>().release();
  };
  type(o.account, "Account");
  type(o.session, "Session");
  type(o.node_info, "NodeInfo");
  type(o.store_report, "StoreReport");
  type(o.contact, "Contact");
  type(o.conversation, "Conversation");
  type(o.message, "Message");
  type(o.message_page, "MessagePage");
  type(o.explanation, "Explanation");
  type(o.backup, "Backup");
  type(o.backup_report, "BackupReport");
  type(o.completion, "Completion");
  type(o.connection, "Connection");
  type(o.progress, "Progress");
  type(o.typing, "Typing");
  type(o.presence_notice, "Presence");
  type(o.event, "Event");
  type(o.completion_event, "CompletionEvent");
  type(o.connection_event, "ConnectionEvent");
  type(o.progress_event, "ProgressEvent");
  type(o.message_event, "MessageEvent");
  type(o.message_status_event, "MessageStatusEvent");
  type(o.typing_event, "TypingEvent");
  type(o.presence_event, "PresenceEvent");
  type(o.contact_event, "ContactEvent");
  type(o.key_changed_event, "KeyChangedEvent");
  type(o.session_ended_event, "SessionEndedEvent");
}

Record::Record(py::handle type) {
  static PyObject* const none = PyTuple_New(0);
  made_ = py::reinterpret_steal<py::object>(
      PyBaseObject_Type.tp_new(reinterpret_cast<PyTypeObject*>(type.ptr()), none, nullptr));
  if (!made_) throw py::error_already_set();
}

PyObject* new_text(const char* text) {
  return PyUnicode_DecodeUTF8(text, static_cast<Py_ssize_t>(std::strlen(text)), "replace");
}

py::object text_to_python(const char* text) {
  auto made = py::reinterpret_steal<py::object>(new_text(text));
  if (!made) throw py::error_already_set();
  return made;
}

PyObject* new_time(std::int64_t millis) {
  constexpr std::int64_t kFirst = -62'135'596'800'000;  // Year 1.
  constexpr std::int64_t kLast = 253'402'300'799'999;   // Year 9999.
  if (millis == 0 || millis < kFirst || millis > kLast) Py_RETURN_NONE;
  if (PyDateTimeAPI == nullptr) PyDateTime_IMPORT;
  if (PyDateTimeAPI == nullptr) return nullptr;
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds{millis}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss<milliseconds> clock{time - day};
  return PyDateTimeAPI->DateTime_FromDateAndTime(
      static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
      static_cast<int>(static_cast<unsigned>(date.day())), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
      static_cast<int>(clock.subseconds().count() * 1000), PyDateTime_TimeZone_UTC,
      PyDateTimeAPI->DateTimeType);
}

py::object time_to_python(std::int64_t millis) {
  auto made = py::reinterpret_steal<py::object>(new_time(millis));
  if (!made) throw py::error_already_set();
  return made;
}

py::object to_python(const mychat_account& value) {
  return Record(objects().account)
      .set(MYCHAT_FIELD(handle), new_text(value.handle))
      .set(MYCHAT_FIELD(logged_in), new_bool(value.logged_in))
      .set(MYCHAT_FIELD(has_identity), new_bool(value.has_identity))
      .set(MYCHAT_FIELD(signs_messages), new_bool(value.signs_messages))
      .set(MYCHAT_FIELD(user_id), new_text(value.user_id))
      .set(MYCHAT_FIELD(node_url), new_text(value.node_url))
      .set(MYCHAT_FIELD(fingerprint), new_text(value.fingerprint))
      .set(MYCHAT_FIELD(avatar_url), new_text(value.avatar_url))
      .set(MYCHAT_FIELD(status_message), new_text(value.status_message))
      .set(MYCHAT_FIELD(backup_at), new_time(value.backup_at))
      .make();
}

py::object to_python(const mychat_session_list& value) { return tuple_of(value); }
py::object to_python(const mychat_contact_list& value) { return tuple_of(value); }
py::object to_python(const mychat_conversation_list& value) { return tuple_of(value); }

py::object to_python(const mychat_node_info& value) {
  return Record(objects().node_info)
      .set(MYCHAT_FIELD(domain), new_text(value.domain))
      .set(MYCHAT_FIELD(version), new_text(value.version))
      .set(MYCHAT_FIELD(registration_open), new_bool(value.registration_open))
      .set(MYCHAT_FIELD(federation_enabled), new_bool(value.federation_enabled))
      .set(MYCHAT_FIELD(extended), new_bool(value.extended))
      .set(MYCHAT_FIELD(current_users), PyLong_FromLongLong(value.current_users))
      .set(MYCHAT_FIELD(max_users), PyLong_FromLongLong(value.max_users))
      .set(MYCHAT_FIELD(uptime_seconds), PyLong_FromLongLong(value.uptime_seconds))
      .set(MYCHAT_FIELD(max_message_size), PyLong_FromLongLong(value.max_message_size))
      .set(MYCHAT_FIELD(capabilities), py::tuple(text_to_python(value.capabilities).attr("split")()))
      .make();
}

py::object to_python(const mychat_store_report& value) {
  return Record(objects().store_report)
      .set(MYCHAT_FIELD(healthy), new_bool(value.healthy))
      .set(MYCHAT_FIELD(values_checked), PyLong_FromLongLong(value.values_checked))
      .set(MYCHAT_FIELD(problems), texts(value.problems, value.problem_count))
      .make();
}

py::object to_python(const mychat_contact& value) {
  return Record(objects().contact)
      .set(MYCHAT_FIELD(handle), new_text(value.handle))
      .set(MYCHAT_FIELD(nickname), new_text(value.nickname))
      .set(MYCHAT_FIELD(trust), objects().trust.member(value.trust))
      .set(MYCHAT_FIELD(fingerprint), new_text(value.fingerprint))
      .set(MYCHAT_FIELD(pending_fingerprint), new_text(value.pending_fingerprint))
      .set(MYCHAT_FIELD(pending_vouched), new_bool(value.pending_vouched))
      .set(MYCHAT_FIELD(signs_messages), new_bool(value.signs_messages))
      .set(MYCHAT_FIELD(is_contact), new_bool(value.is_contact))
      .set(MYCHAT_FIELD(avatar_url), new_text(value.avatar_url))
      .set(MYCHAT_FIELD(status_message), new_text(value.status_message))
      .set(MYCHAT_FIELD(added_at), new_time(value.added_at))
      .set(MYCHAT_FIELD(last_message_at), new_time(value.last_message_at))
      .make();
}

py::object to_python(const mychat_message& value) {
  const py::object text = value.text == nullptr ? py::none() : text_to_python(value.text);
  return Record(objects().message)
      .set(MYCHAT_FIELD(id), new_text(value.id))
      .set(MYCHAT_FIELD(peer), new_text(value.peer))
      .set(MYCHAT_FIELD(sender), new_text(value.sender))
      .set(MYCHAT_FIELD(direction), objects().direction.member(value.direction))
      .set(MYCHAT_FIELD(position), PyLong_FromLongLong(value.position))
      .set(MYCHAT_FIELD(content_type), objects().content_type.member(value.content_type))
      .set(MYCHAT_FIELD(status), objects().message_status.member(value.status))
      .set(MYCHAT_FIELD(verification), objects().verification.member(value.verification))
      .set(MYCHAT_FIELD(readable), new_bool(value.readable))
      .set(MYCHAT_FIELD(text), text)
      .set(MYCHAT_FIELD(data), PyBytes_FromStringAndSize(reinterpret_cast<const char*>(value.data),
                                                         static_cast<Py_ssize_t>(value.size)))
      .set(MYCHAT_FIELD(sent_at), new_time(value.sent_at))
      .set(MYCHAT_FIELD(created_at), new_time(value.created_at))
      .set(MYCHAT_FIELD(delivered_at), new_time(value.delivered_at))
      .set(MYCHAT_FIELD(read_at), new_time(value.read_at))
      .set(MYCHAT_FIELD(failure), objects().status.member(value.failure))
      .make();
}

py::object to_python(const mychat_message_list& value) {
  return Record(objects().message_page)
      .set(MYCHAT_FIELD(messages), tuple_of(value))
      .set(MYCHAT_FIELD(has_more), new_bool(value.has_more))
      .set(MYCHAT_FIELD(next_before), PyLong_FromLongLong(value.next_before))
      .make();
}

py::object to_python(const mychat_explanation& value) {
  return Record(objects().explanation)
      .set(MYCHAT_FIELD(cause), objects().status.member(value.cause))
      .set(MYCHAT_FIELD(repair), objects().repair.member(value.repair))
      .set(MYCHAT_FIELD(attempts), PyLong_FromUnsignedLong(value.attempts))
      .set(MYCHAT_FIELD(retry_at), new_time(value.retry_at))
      .set(MYCHAT_FIELD(description), new_text(value.description))
      .make();
}

py::object to_python(const mychat_backup& value) {
  return Record(objects().backup)
      .set(MYCHAT_FIELD(file_name), new_text(value.file_name))
      .set(MYCHAT_FIELD(data), PyBytes_FromStringAndSize(reinterpret_cast<const char*>(value.data),
                                                         static_cast<Py_ssize_t>(value.size)))
      .make();
}

py::object to_python(const mychat_backup_report& value) {
  const py::object matches =
      value.matches_account < 0 ? py::none() : py::object(py::bool_(value.matches_account != 0));
  return Record(objects().backup_report)
      .set(MYCHAT_FIELD(handle), new_text(value.handle))
      .set(MYCHAT_FIELD(fingerprint), new_text(value.fingerprint))
      .set(MYCHAT_FIELD(has_v1_members), new_bool(value.has_v1_members))
      .set(MYCHAT_FIELD(has_sealed_member), new_bool(value.has_sealed_member))
      .set(MYCHAT_FIELD(has_signing_key), new_bool(value.has_signing_key))
      .set(MYCHAT_FIELD(created_at), new_time(value.created_at))
      .set(MYCHAT_FIELD(contacts), PyLong_FromUnsignedLong(value.contacts))
      .set(MYCHAT_FIELD(verified_contacts), PyLong_FromUnsignedLong(value.verified_contacts))
      .set(MYCHAT_FIELD(matches_account), matches)
      .set(MYCHAT_FIELD(losses), texts(value.losses, value.loss_count))
      .make();
}

}  // namespace mychat_python
