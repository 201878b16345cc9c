/**
 * Regions by IATA airport code: where an edge node stands when it names only its region.
 *
 * Coordinates are those of the airport, to a hundredth of a degree (about 1 km), which is finer than routing needs.
 */
export interface Region {
  /** IATA airport code in lower case, such as `fra`. */
  readonly code: string
  /** Degrees north. */
  readonly latitude: number
  /** Degrees east. */
  readonly longitude: number
  /** The city that the airport serves. */
  readonly city: string
  /** ISO 3166-1 alpha-2. */
  readonly country: string
}

type Row = readonly [latitude: number, longitude: number, city: string, country: string]

const table: Readonly<Record<string, Row>> = {
  abj: [5.26, -3.93, 'Abidjan', 'CI'], abq: [35.04, -106.61, 'Albuquerque', 'US'], abv: [9.01, 7.26, 'Abuja', 'NG'],
  acc: [5.61, -0.17, 'Accra', 'GH'], add: [8.98, 38.8, 'Addis Ababa', 'ET'], adl: [-34.95, 138.53, 'Adelaide', 'AU'],
  akl: [-37.01, 174.79, 'Auckland', 'NZ'], ala: [43.35, 77.04, 'Almaty', 'KZ'], alg: [36.69, 3.21, 'Algiers', 'DZ'],
  amd: [23.08, 72.63, 'Ahmedabad', 'IN'], amm: [31.72, 35.99, 'Amman', 'JO'], ams: [52.31, 4.76, 'Amsterdam', 'NL'],
  anc: [61.17, -150, 'Anchorage', 'US'], arn: [59.65, 17.92, 'Stockholm', 'SE'], asu: [-25.24, -57.51, 'Asunción', 'PY'],
  ath: [37.94, 23.94, 'Athens', 'GR'], atl: [33.64, -84.43, 'Atlanta', 'US'], auh: [24.44, 54.65, 'Abu Dhabi', 'AE'],
  aus: [30.2, -97.66, 'Austin', 'US'], bah: [26.27, 50.64, 'Manama', 'BH'], bcn: [41.3, 2.08, 'Barcelona', 'ES'],
  beg: [44.82, 20.31, 'Belgrade', 'RS'], bel: [-1.38, -48.48, 'Belém', 'BR'], ber: [52.36, 13.5, 'Berlin', 'DE'],
  bey: [33.82, 35.49, 'Beirut', 'LB'], bgi: [13.07, -59.49, 'Bridgetown', 'BB'], bgw: [33.26, 44.23, 'Baghdad', 'IQ'],
  bkk: [13.68, 100.75, 'Bangkok', 'TH'], blr: [13.2, 77.71, 'Bengaluru', 'IN'], bna: [36.12, -86.68, 'Nashville', 'US'],
  bne: [-27.38, 153.12, 'Brisbane', 'AU'], bog: [4.7, -74.15, 'Bogota', 'CO'], boi: [43.56, -116.22, 'Boise', 'US'],
  bom: [19.09, 72.87, 'Mumbai', 'IN'], bos: [42.36, -71.01, 'Boston', 'US'], bru: [50.9, 4.48, 'Brussels', 'BE'],
  bsb: [-15.87, -47.92, 'Brasília', 'BR'], bsr: [30.55, 47.66, 'Basra', 'IQ'], bud: [47.43, 19.26, 'Budapest', 'HU'],
  buf: [42.94, -78.73, 'Buffalo', 'US'], bwi: [39.18, -76.67, 'Baltimore', 'US'],
  bwn: [4.94, 114.93, 'Bandar Seri Begawan', 'BN'], cai: [30.11, 31.4, 'Cairo', 'EG'], can: [23.39, 113.3, 'Guangzhou', 'CN'],
  cbr: [-35.31, 149.2, 'Canberra', 'AU'], ccs: [10.6, -66.99, 'Caracas', 'VE'], ccu: [22.65, 88.45, 'Kolkata', 'IN'],
  cdg: [49.01, 2.55, 'Paris', 'FR'], ceb: [10.31, 123.98, 'Cebu', 'PH'], cgk: [-6.13, 106.66, 'Jakarta', 'ID'],
  cgo: [34.53, 113.85, 'Zhengzhou', 'CN'], cgp: [22.25, 91.81, 'Chattogram', 'BD'],
  chc: [-43.49, 172.53, 'Christchurch', 'NZ'], ckg: [29.71, 106.65, 'Chongqing', 'CN'],
  cle: [41.41, -81.85, 'Cleveland', 'US'], clo: [3.54, -76.38, 'Cali', 'CO'], clt: [35.21, -80.94, 'Charlotte', 'US'],
  cmb: [7.18, 79.88, 'Colombo', 'LK'], cmh: [40, -82.89, 'Columbus', 'US'], cmn: [33.37, -7.59, 'Casablanca', 'MA'],
  cnf: [-19.64, -43.97, 'Belo Horizonte', 'BR'], cnx: [18.77, 98.96, 'Chiang Mai', 'TH'], cok: [10.15, 76.4, 'Kochi', 'IN'],
  cor: [-31.32, -64.21, 'Córdoba', 'AR'], cph: [55.62, 12.66, 'Copenhagen', 'DK'], cpt: [-33.96, 18.6, 'Cape Town', 'ZA'],
  cts: [42.78, 141.69, 'Sapporo', 'JP'], ctu: [30.56, 103.95, 'Chengdu', 'CN'], cun: [21.04, -86.87, 'Cancún', 'MX'],
  cwb: [-25.53, -49.18, 'Curitiba', 'BR'], dac: [23.84, 90.4, 'Dhaka', 'BD'], dad: [16.04, 108.2, 'Da Nang', 'VN'],
  dar: [-6.88, 39.2, 'Dar es Salaam', 'TZ'], dca: [38.85, -77.04, 'Washington', 'US'], del: [28.56, 77.1, 'New Delhi', 'IN'],
  den: [39.86, -104.67, 'Denver', 'US'], dfw: [32.9, -97.04, 'Dallas', 'US'], dkr: [14.74, -17.49, 'Dakar', 'SN'],
  dla: [4.01, 9.72, 'Douala', 'CM'], dmm: [26.47, 49.8, 'Dammam', 'SA'], doh: [25.27, 51.61, 'Doha', 'QA'],
  dps: [-8.75, 115.17, 'Bali', 'ID'], dtw: [42.21, -83.35, 'Detroit', 'US'], dub: [53.43, -6.26, 'Dublin', 'IE'],
  dur: [-29.61, 31.12, 'Durban', 'ZA'], dus: [51.29, 6.77, 'Düsseldorf', 'DE'], dxb: [25.25, 55.36, 'Dubai', 'AE'],
  ebb: [0.04, 32.44, 'Kampala', 'UG'], ebl: [36.24, 43.96, 'Erbil', 'IQ'], edi: [55.95, -3.37, 'Edinburgh', 'GB'],
  esb: [40.13, 33, 'Ankara', 'TR'], evn: [40.15, 44.4, 'Yerevan', 'AM'], ewr: [40.69, -74.17, 'Newark', 'US'],
  eze: [-34.82, -58.54, 'Buenos Aires', 'AR'], fco: [41.8, 12.25, 'Rome', 'IT'], fih: [-4.39, 15.44, 'Kinshasa', 'CD'],
  for: [-3.78, -38.53, 'Fortaleza', 'BR'], fra: [50.03, 8.57, 'Frankfurt', 'DE'], fuk: [33.59, 130.45, 'Fukuoka', 'JP'],
  gbe: [-24.56, 25.92, 'Gaborone', 'BW'], gdl: [20.53, -103.3, 'Guadalajara', 'MX'],
  gig: [-22.81, -43.25, 'Rio de Janeiro', 'BR'], gmp: [37.56, 126.79, 'Seoul', 'KR'], got: [57.66, 12.28, 'Gothenburg', 'SE'],
  gru: [-23.43, -46.47, 'São Paulo', 'BR'], gua: [14.58, -90.53, 'Guatemala City', 'GT'], gum: [13.48, 144.8, 'Guam', 'GU'],
  gva: [46.24, 6.11, 'Geneva', 'CH'], gyd: [40.47, 50.05, 'Baku', 'AZ'], gye: [-2.16, -79.88, 'Guayaquil', 'EC'],
  ham: [53.63, 9.99, 'Hamburg', 'DE'], han: [21.22, 105.81, 'Hanoi', 'VN'], hav: [22.99, -82.41, 'Havana', 'CU'],
  hbe: [30.93, 29.7, 'Alexandria', 'EG'], hel: [60.32, 24.96, 'Helsinki', 'FI'], hgh: [30.24, 120.43, 'Hangzhou', 'CN'],
  hkg: [22.31, 113.92, 'Hong Kong', 'HK'], hnd: [35.55, 139.78, 'Tokyo', 'JP'], hnl: [21.32, -157.92, 'Honolulu', 'US'],
  hre: [-17.93, 31.09, 'Harare', 'ZW'], hyd: [17.23, 78.43, 'Hyderabad', 'IN'], iad: [38.94, -77.46, 'Washington', 'US'],
  iah: [29.98, -95.34, 'Houston', 'US'], icn: [37.47, 126.45, 'Seoul', 'KR'], ika: [35.42, 51.15, 'Tehran', 'IR'],
  ind: [39.72, -86.29, 'Indianapolis', 'US'], isb: [33.55, 72.83, 'Islamabad', 'PK'], ist: [41.26, 28.74, 'Istanbul', 'TR'],
  jax: [30.49, -81.69, 'Jacksonville', 'US'], jed: [21.68, 39.16, 'Jeddah', 'SA'], jfk: [40.64, -73.78, 'New York', 'US'],
  jhb: [1.64, 103.67, 'Johor Bahru', 'MY'], jib: [11.55, 43.16, 'Djibouti City', 'DJ'],
  jnb: [-26.14, 28.25, 'Johannesburg', 'ZA'], kbp: [50.35, 30.89, 'Kyiv', 'UA'], kef: [63.99, -22.61, 'Reykjavík', 'IS'],
  kgl: [-1.97, 30.14, 'Kigali', 'RW'], khh: [22.58, 120.35, 'Kaohsiung', 'TW'], khi: [24.91, 67.16, 'Karachi', 'PK'],
  khv: [48.53, 135.19, 'Khabarovsk', 'RU'], kin: [17.94, -76.79, 'Kingston', 'JM'], kiv: [46.93, 28.93, 'Chișinău', 'MD'],
  kix: [34.43, 135.24, 'Osaka', 'JP'], kja: [56.17, 92.49, 'Krasnoyarsk', 'RU'], kmg: [25.11, 102.94, 'Kunming', 'CN'],
  krt: [15.59, 32.55, 'Khartoum', 'SD'], ktm: [27.7, 85.36, 'Kathmandu', 'NP'], kul: [2.75, 101.71, 'Kuala Lumpur', 'MY'],
  kwi: [29.23, 47.97, 'Kuwait City', 'KW'], lad: [-8.86, 13.23, 'Luanda', 'AO'], las: [36.08, -115.15, 'Las Vegas', 'US'],
  lax: [33.94, -118.41, 'Los Angeles', 'US'], lbv: [0.46, 9.41, 'Libreville', 'GA'],
  led: [59.8, 30.26, 'Saint Petersburg', 'RU'], lfw: [6.17, 1.25, 'Lomé', 'TG'], lhe: [31.52, 74.4, 'Lahore', 'PK'],
  lhr: [51.47, -0.46, 'London', 'GB'], lim: [-12.02, -77.11, 'Lima', 'PE'], lis: [38.78, -9.14, 'Lisbon', 'PT'],
  lju: [46.22, 14.46, 'Ljubljana', 'SI'], los: [6.58, 3.32, 'Lagos', 'NG'], lpb: [-16.51, -68.19, 'La Paz', 'BO'],
  lun: [-15.33, 28.45, 'Lusaka', 'ZM'], lux: [49.62, 6.2, 'Luxembourg', 'LU'], lys: [45.73, 5.08, 'Lyon', 'FR'],
  maa: [12.99, 80.17, 'Chennai', 'IN'], mad: [40.47, -3.56, 'Madrid', 'ES'], man: [53.35, -2.28, 'Manchester', 'GB'],
  mao: [-3.04, -60.05, 'Manaus', 'BR'], mba: [-4.03, 39.59, 'Mombasa', 'KE'], mci: [39.3, -94.71, 'Kansas City', 'US'],
  mco: [28.43, -81.31, 'Orlando', 'US'], mct: [23.59, 58.28, 'Muscat', 'OM'], mde: [6.16, -75.42, 'Medellín', 'CO'],
  mel: [-37.67, 144.84, 'Melbourne', 'AU'], mem: [35.04, -89.98, 'Memphis', 'US'], mex: [19.44, -99.08, 'Mexico City', 'MX'],
  mfm: [22.15, 113.59, 'Macau', 'MO'], mia: [25.79, -80.29, 'Miami', 'US'], mle: [4.19, 73.53, 'Malé', 'MV'],
  mnl: [14.51, 121.02, 'Manila', 'PH'], mpm: [-25.92, 32.57, 'Maputo', 'MZ'], mrs: [43.44, 5.22, 'Marseille', 'FR'],
  mru: [-20.43, 57.68, 'Port Louis', 'MU'], msp: [44.88, -93.22, 'Minneapolis', 'US'],
  msy: [29.99, -90.26, 'New Orleans', 'US'], mty: [25.78, -100.11, 'Monterrey', 'MX'], muc: [48.35, 11.79, 'Munich', 'DE'],
  mvd: [-34.84, -56.03, 'Montevideo', 'UY'], mxp: [45.63, 8.73, 'Milan', 'IT'], nag: [21.09, 79.05, 'Nagpur', 'IN'],
  nan: [-17.76, 177.44, 'Nadi', 'FJ'], nbo: [-1.32, 36.93, 'Nairobi', 'KE'], nkg: [31.74, 118.87, 'Nanjing', 'CN'],
  nou: [-22.01, 166.21, 'Nouméa', 'NC'], nqz: [51.02, 71.47, 'Astana', 'KZ'], nrt: [35.76, 140.39, 'Tokyo', 'JP'],
  oak: [37.72, -122.22, 'Oakland', 'US'], oka: [26.2, 127.65, 'Naha', 'JP'], okc: [35.39, -97.6, 'Oklahoma City', 'US'],
  oma: [41.3, -95.89, 'Omaha', 'US'], ord: [41.98, -87.9, 'Chicago', 'US'], osl: [60.19, 11.1, 'Oslo', 'NO'],
  otp: [44.57, 26.09, 'Bucharest', 'RO'], ovb: [55.02, 82.62, 'Novosibirsk', 'RU'], pbm: [5.45, -55.19, 'Paramaribo', 'SR'],
  pdx: [45.59, -122.6, 'Portland', 'US'], pek: [40.08, 116.58, 'Beijing', 'CN'], pen: [5.3, 100.28, 'Penang', 'MY'],
  per: [-31.94, 115.97, 'Perth', 'AU'], phl: [39.87, -75.24, 'Philadelphia', 'US'], phx: [33.44, -112.01, 'Phoenix', 'US'],
  pit: [40.49, -80.23, 'Pittsburgh', 'US'], pnh: [11.55, 104.84, 'Phnom Penh', 'KH'], pnq: [18.58, 73.92, 'Pune', 'IN'],
  poa: [-29.99, -51.17, 'Porto Alegre', 'BR'], pom: [-9.44, 147.22, 'Port Moresby', 'PG'],
  pos: [10.6, -61.34, 'Port of Spain', 'TT'], ppt: [-17.55, -149.61, 'Papeete', 'PF'], prg: [50.1, 14.26, 'Prague', 'CZ'],
  pty: [9.07, -79.38, 'Panama City', 'PA'], pus: [35.18, 128.94, 'Busan', 'KR'], pvg: [31.14, 121.81, 'Shanghai', 'CN'],
  qro: [20.62, -100.19, 'Querétaro', 'MX'], rba: [34.05, -6.75, 'Rabat', 'MA'], rdu: [35.88, -78.79, 'Raleigh', 'US'],
  rec: [-8.13, -34.92, 'Recife', 'BR'], rgn: [16.91, 96.13, 'Yangon', 'MM'], ric: [37.51, -77.32, 'Richmond', 'US'],
  rix: [56.92, 23.97, 'Riga', 'LV'], ruh: [24.96, 46.7, 'Riyadh', 'SA'], run: [-20.89, 55.52, 'Saint-Denis', 'RE'],
  sal: [13.44, -89.06, 'San Salvador', 'SV'], san: [32.73, -117.19, 'San Diego', 'US'],
  sat: [29.53, -98.47, 'San Antonio', 'US'], scl: [-33.39, -70.79, 'Santiago', 'CL'],
  sdq: [18.43, -69.67, 'Santo Domingo', 'DO'], sea: [47.45, -122.31, 'Seattle', 'US'],
  sfo: [37.62, -122.38, 'San Francisco', 'US'], sgn: [10.82, 106.65, 'Ho Chi Minh City', 'VN'],
  sha: [31.2, 121.33, 'Shanghai', 'CN'], sin: [1.35, 103.99, 'Singapore', 'SG'], sjc: [37.36, -121.93, 'San Jose', 'US'],
  sjj: [43.82, 18.33, 'Sarajevo', 'BA'], sjo: [9.99, -84.21, 'San José', 'CR'], sju: [18.44, -66, 'San Juan', 'PR'],
  skg: [40.52, 22.97, 'Thessaloniki', 'GR'], skp: [41.96, 21.62, 'Skopje', 'MK'],
  slc: [40.79, -111.98, 'Salt Lake City', 'US'], smf: [38.7, -121.59, 'Sacramento', 'US'], sof: [42.7, 23.41, 'Sofia', 'BG'],
  ssa: [-12.91, -38.32, 'Salvador', 'BR'], stl: [38.75, -90.37, 'St. Louis', 'US'], str: [48.69, 9.22, 'Stuttgart', 'DE'],
  sub: [-7.38, 112.79, 'Surabaya', 'ID'], svo: [55.97, 37.41, 'Moscow', 'RU'], svx: [56.74, 60.8, 'Yekaterinburg', 'RU'],
  syd: [-33.95, 151.18, 'Sydney', 'AU'], szx: [22.64, 113.81, 'Shenzhen', 'CN'], tao: [36.36, 120.09, 'Qingdao', 'CN'],
  tas: [41.26, 69.28, 'Tashkent', 'UZ'], tbs: [41.67, 44.95, 'Tbilisi', 'GE'], tia: [41.41, 19.72, 'Tirana', 'AL'],
  tll: [59.41, 24.83, 'Tallinn', 'EE'], tlv: [32.01, 34.89, 'Tel Aviv', 'IL'], tnr: [-18.8, 47.48, 'Antananarivo', 'MG'],
  tpa: [27.98, -82.53, 'Tampa', 'US'], tpe: [25.08, 121.23, 'Taipei', 'TW'], tsn: [39.12, 117.35, 'Tianjin', 'CN'],
  tun: [36.85, 10.23, 'Tunis', 'TN'], uio: [-0.13, -78.35, 'Quito', 'EC'], uln: [47.84, 106.77, 'Ulaanbaatar', 'MN'],
  vie: [48.11, 16.57, 'Vienna', 'AT'], vno: [54.63, 25.29, 'Vilnius', 'LT'], vte: [17.99, 102.56, 'Vientiane', 'LA'],
  vvi: [-17.64, -63.14, 'Santa Cruz', 'BO'], vvo: [43.4, 132.15, 'Vladivostok', 'RU'], waw: [52.17, 20.97, 'Warsaw', 'PL'],
  wdh: [-22.48, 17.47, 'Windhoek', 'NA'], wlg: [-41.33, 174.8, 'Wellington', 'NZ'], wuh: [30.77, 114.21, 'Wuhan', 'CN'],
  xiy: [34.45, 108.75, "Xi'an", 'CN'], xmn: [24.54, 118.13, 'Xiamen', 'CN'], yeg: [53.31, -113.58, 'Edmonton', 'CA'],
  yhz: [44.88, -63.51, 'Halifax', 'CA'], yow: [45.32, -75.67, 'Ottawa', 'CA'], yul: [45.47, -73.74, 'Montréal', 'CA'],
  yvr: [49.19, -123.18, 'Vancouver', 'CA'], ywg: [49.91, -97.24, 'Winnipeg', 'CA'], yyc: [51.11, -114.02, 'Calgary', 'CA'],
  yyz: [43.68, -79.63, 'Toronto', 'CA'], zag: [45.74, 16.07, 'Zagreb', 'HR'], zrh: [47.46, 8.55, 'Zurich', 'CH'],
}

/** The region of an IATA code, in either case; undefined where the table has none (give latitude and longitude then). */
export function findRegion(code: string): Region | undefined {
  const key = code.toLowerCase()
  const row = Object.hasOwn(table, key) ? table[key] : undefined
  return row === undefined ? undefined : { code: key, latitude: row[0], longitude: row[1], city: row[2], country: row[3] }
}

/** Every code of the table, in alphabetical order. */
export function regionCodes(): readonly string[] {
  return Object.keys(table)
}
