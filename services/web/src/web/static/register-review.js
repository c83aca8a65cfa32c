// The review of a group before its form is sent.

// Returns a list item for each runner of the form, which is read by the functions of register.js.
export function lines({ numbers, participant, value, birth, copies, make }) {
  return numbers.map((number) => {
    const { full_name: fullName, is_pic: isPerson } = participant(number);
    const line = make('li', 'card');
    line.append(make('b', '', fullName));
    if (isPerson) line.append(' ', make('span', 'pill pill-info', document.getElementById('pic').closest('fieldset').querySelector('legend').textContent));
    const chosen = (field) => document.querySelector(`[name="p${number}-${field}"]:checked`).nextElementSibling.textContent;
    const at = (field) => value(`p${number}-${field}`);
    const rest = [chosen('gender'), birth(`p${number}-`).join(' '), chosen('jersey_size'), at('identity_number')];
    const from = copies(number) ? 1 : number;
    const emergency = ['name', 'phone'].map((part) => value(`p${from}-emergency_contact_${part}`));
    line.append(make('p', '', at('whatsapp')), make('p', '', at('email')), make('p', '', rest.filter(Boolean).join(' · ')));
    line.append(make('p', 'small muted', emergency.join(', ')));
    return line;
  });
}
